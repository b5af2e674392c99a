//! Creating, changing and deleting functions.
//!
//! A change is decided, written to the catalog and made known under one lock for each function. What then has to be
//! made ready (the state `Pending`, the status `InProgress`) goes on behind the answer, and is taken up again after a
//! restart. Code is on disk before a record names it, and removed once no function has it and nothing runs it.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use fluoro_iam::Conditions;
use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{CatalogError, Expect};

use crate::arn::FunctionArn;
use crate::code::CodeError;
use crate::environment::Serving;
use crate::functions::{Functions, Inner, OpenError};
use crate::listing::CodeListing;
use crate::live::Live;
use crate::record::{
    Code, Configuration, Function, Release, State, Statement, TracingMode, UpdateStatus,
};
use crate::run::{PRINCIPAL, session};
use crate::runtime::Family;

/// A function to create.
#[derive(Debug, Clone)]
pub struct NewFunction {
    /// Its ARN, without a qualifier.
    pub arn: FunctionArn,
    /// With AWS's defaults filled in.
    pub configuration: Configuration,
    /// A zip archive.
    pub archive: Bytes,
    /// May be empty.
    pub tags: BTreeMap<String, String>,
}

/// Why a function was not created, changed or found.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// No such function.
    #[error("function not found: {0}")]
    NotFound(FunctionArn),
    /// The name is taken.
    #[error("function already exist: {}", .0.name)]
    AlreadyExists(FunctionArn),
    /// The last change is not done yet.
    #[error("an update is in progress for {0}")]
    InProgress(FunctionArn),
    /// The revision is not the latest.
    #[error("the revision of {0} is another one")]
    OtherRevision(FunctionArn),
    /// The archive cannot be used.
    #[error("failed to take the code")]
    Code(#[from] CodeError),
    /// Lambda may not assume the role.
    #[error("the role cannot be assumed")]
    RoleNotAssumable(#[source] fluoro_iam::AssumeError),
    /// Tracing is Active and the role may not write traces.
    #[error("the role may not write traces: {0}")]
    RoleCannotTrace(String),
    /// The statement's id is taken.
    #[error("statement {0} exists already")]
    StatementExists(String),
    /// No such statement.
    #[error("statement {0} does not exist")]
    NoStatement(String),
    /// There is no policy at all.
    #[error("{0} has no policy")]
    NoPolicy(FunctionArn),
    /// More tags than AWS allows.
    #[error("too many tags")]
    TooManyTags,
    /// The catalog failed.
    #[error("failed to keep the function")]
    Catalog(#[from] CatalogError),
}

/// The most tags that a function can have. Source: Lambda guide, tags.
const TAGS_LIMIT: usize = 50;

impl Functions {
    /// Creates a function and answers it as it then is: `Pending`.
    ///
    /// # Errors
    ///
    /// When the name is taken, the archive or the role cannot be used, or the catalog fails.
    pub async fn create(&self, new: NewFunction) -> Result<Arc<Function>, ManageError> {
        let inner = &self.inner;
        if inner.live(&new.arn).is_some() {
            return Err(ManageError::AlreadyExists(new.arn));
        }
        inner.check_role(&new.arn, &new.configuration)?;
        if new.tags.len() > TAGS_LIMIT {
            return Err(ManageError::TooManyTags);
        }
        let _in_use = inner.code_in_use.read().await;
        let code = inner.store(new.archive).await?;
        let record = Function {
            arn: new.arn.clone(),
            latest: Release {
                configuration: new.configuration,
                code,
                revision_id: inner.parts.ambient.uuid(),
                last_modified: inner.whole_millisecond(),
            },
            state: State::Pending,
            update: UpdateStatus::NoneYet,
            tags: new.tags,
            statements: Vec::new(),
            reserved_concurrency: None,
        };
        let written = inner
            .records
            .put(&key(&new.arn), &record, Expect::Absent)
            .await;
        let revision = match written {
            Ok(revision) => revision,
            Err(refused) => {
                inner.code_may_be_unused();
                return Err(match refused {
                    CatalogError::Conflict { .. } => ManageError::AlreadyExists(new.arn),
                    other => other.into(),
                });
            }
        };
        let log = inner.open_log(&new.arn);
        let live = Arc::new(Live::new(record, revision, log));
        inner.known.write().insert(new.arn, Arc::clone(&live));
        let pending = live.record();
        inner.make_ready(live);
        Ok(pending)
    }

    /// The function, if there is one.
    #[must_use]
    pub fn get(&self, function: &FunctionArn) -> Option<Arc<Function>> {
        self.inner.live(function).map(|live| live.record())
    }

    /// The functions of a region, by name.
    #[must_use]
    pub fn list(&self, region: &str) -> Vec<Arc<Function>> {
        let known = self.inner.known.read();
        let here = known.values().filter(|live| live.arn.region == region);
        here.map(|live| live.record()).collect()
    }

    /// The archive that a function was given.
    ///
    /// # Errors
    ///
    /// When there is no such function or the archive cannot be read.
    pub async fn archive(&self, function: &FunctionArn) -> Result<Bytes, ManageError> {
        let _in_use = self.inner.code_in_use.read().await;
        let live = self.inner.found(function)?;
        let (store, code) = (self.inner.code.clone(), live.record().latest.code.clone());
        let read = blocking(move || store.archive(&code).map_err(CodeError::Io)).await?;
        Ok(read)
    }

    /// The files of the code that a function was given, and the text of small ones.
    ///
    /// # Errors
    ///
    /// When there is no such function or its archive cannot be read.
    pub async fn code_files(&self, function: &FunctionArn) -> Result<CodeListing, ManageError> {
        let _in_use = self.inner.code_in_use.read().await;
        let live = self.inner.found(function)?;
        let (store, code) = (self.inner.code.clone(), live.record().latest.code.clone());
        let listed = blocking(move || store.listing(&code)).await?;
        Ok(listed)
    }

    /// Gives the function new code, and answers it as it then is: `InProgress`.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and when the function is unknown, being changed, or of another revision.
    pub async fn update_code(
        &self,
        function: &FunctionArn,
        archive: Bytes,
        revision_id: Option<&str>,
    ) -> Result<Arc<Function>, ManageError> {
        let inner = &self.inner;
        let live = inner.found(function)?;
        check_changeable(&live.record(), revision_id, Settles::Later)?;
        let _in_use = inner.code_in_use.read().await;
        let code = inner.store(archive).await?;
        let now = inner.whole_millisecond();
        let changed = inner.change(&live, revision_id, Settles::Later, |record| {
            record.latest.code = code;
            record.latest.last_modified = now;
            Ok(())
        });
        let changed = changed.await.inspect_err(|_| inner.code_may_be_unused())?;
        inner.make_ready(live);
        Ok(changed)
    }

    /// Changes the configuration, and answers the function as it then is: `InProgress`.
    ///
    /// # Errors
    ///
    /// As [`update_code`](Self::update_code).
    pub async fn update_configuration(
        &self,
        function: &FunctionArn,
        revision_id: Option<&str>,
        configure: impl FnOnce(&mut Configuration) + Send,
    ) -> Result<Arc<Function>, ManageError> {
        let inner = &self.inner;
        let live = inner.found(function)?;
        // As recorded: a configuration update leaves no milliseconds.
        let now = TimestampMicros(inner.now().div_euclid(1_000_000) * 1_000_000);
        let changed = inner.change(&live, revision_id, Settles::Later, |record| {
            let mut configuration = record.latest.configuration.clone();
            configure(&mut configuration);
            inner.check_role(&record.arn, &configuration)?;
            record.latest.configuration = configuration;
            record.latest.last_modified = now;
            Ok(())
        });
        let changed = changed.await?;
        inner.make_ready(live);
        Ok(changed)
    }

    /// Deletes the function; what runs ends by itself.
    ///
    /// # Errors
    ///
    /// When there is no such function or the catalog fails.
    pub async fn delete(&self, function: &FunctionArn) -> Result<(), ManageError> {
        let live = self.inner.found(function)?;
        let _changing = live.changing.lock().await;
        self.inner
            .records
            .delete(&key(&live.arn), Expect::Anything)
            .await?;
        self.inner.known.write().remove(&live.arn);
        live.close();
        live.log.remove().await;
        self.inner.code_may_be_unused();
        Ok(())
    }

    /// Adds a statement to the resource policy.
    ///
    /// # Errors
    ///
    /// When its id is taken, the function is unknown or of another revision, or the catalog fails.
    pub async fn add_permission(
        &self,
        function: &FunctionArn,
        revision_id: Option<&str>,
        statement: Statement,
    ) -> Result<(), ManageError> {
        let live = self.inner.found(function)?;
        let changed = self
            .inner
            .change(&live, revision_id, Settles::AtOnce, |record| {
                if record.statements.iter().any(|one| one.sid == statement.sid) {
                    return Err(ManageError::StatementExists(statement.sid));
                }
                record.statements.push(statement);
                Ok(())
            });
        changed.await.map(drop)
    }

    /// Removes a statement from the resource policy.
    ///
    /// # Errors
    ///
    /// When there is no such statement or function, or the catalog fails.
    pub async fn remove_permission(
        &self,
        function: &FunctionArn,
        revision_id: Option<&str>,
        sid: &str,
    ) -> Result<(), ManageError> {
        let live = self.inner.found(function)?;
        let changed = self
            .inner
            .change(&live, revision_id, Settles::AtOnce, |record| {
                if record.statements.is_empty() {
                    return Err(ManageError::NoPolicy(record.arn.clone()));
                }
                let before = record.statements.len();
                record.statements.retain(|one| one.sid != sid);
                if record.statements.len() == before {
                    return Err(ManageError::NoStatement(sid.to_owned()));
                }
                Ok(())
            });
        changed.await.map(drop)
    }

    /// Changes tags, as TagResource and UntagResource do.
    ///
    /// # Errors
    ///
    /// When there would be too many, the function is unknown, or the catalog fails.
    pub async fn change_tags(
        &self,
        function: &FunctionArn,
        change: impl FnOnce(&mut BTreeMap<String, String>) + Send,
    ) -> Result<(), ManageError> {
        let live = self.inner.found(function)?;
        let now = self.inner.whole_millisecond();
        let changed = self.inner.change(&live, None, Settles::AtOnce, |record| {
            change(&mut record.tags);
            if record.tags.len() > TAGS_LIMIT {
                return Err(ManageError::TooManyTags);
            }
            record.latest.last_modified = now;
            Ok(())
        });
        changed.await.map(drop)
    }

    /// Sets environments aside for the function, or no longer.
    ///
    /// # Errors
    ///
    /// When the function is unknown or the catalog fails.
    pub async fn reserve_concurrency(
        &self,
        function: &FunctionArn,
        reserved: Option<u32>,
    ) -> Result<(), ManageError> {
        let live = self.inner.found(function)?;
        let changed = self.inner.change(&live, None, Settles::AtOnce, |record| {
            record.reserved_concurrency = reserved;
            Ok(())
        });
        changed.await.map(drop)
    }
}

/// Whether a change has to be made ready before it is in use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settles {
    AtOnce,
    Later,
}

impl Inner {
    /// Takes up what the catalog has.
    pub(crate) async fn load(self: &Arc<Self>) -> Result<(), OpenError> {
        for (_, one) in self.records.scan("").await? {
            let arn = one.value.arn.clone();
            let log = self.open_log(&arn);
            let live = Arc::new(Live::new(one.value, one.revision, log));
            if matches!(live.record().state, State::Active) {
                live.serve(self.serving(&live.record()));
            }
            self.known.write().insert(arn, Arc::clone(&live));
            let record = live.record();
            if record.state == State::Pending || record.update == UpdateStatus::InProgress {
                self.make_ready(live);
            }
        }
        self.code_may_be_unused();
        Ok(())
    }

    /// Lets code that nobody has any more be removed, behind the answer to what led to that.
    fn code_may_be_unused(&self) {
        // Full: whoever looks has not looked yet.
        let _told_before = self.retired.try_send(());
    }

    /// Removes the code that no function has and nothing runs.
    pub(crate) async fn remove_unused_code(&self) {
        let _alone = self.code_in_use.write().await;
        let mut used: HashSet<String> = self
            .all()
            .iter()
            .map(|live| live.record().latest.code.sha256.clone())
            .collect();
        // Nothing is known any more once the server closes.
        if *self.closing.borrow() {
            return;
        }
        let served = self.served.lock().clone();
        let running = served.iter().filter_map(Weak::upgrade);
        used.extend(running.map(|serving| serving.release.code.sha256.clone()));
        let store = self.code.clone();
        let removed = blocking(move || {
            store
                .keep_only(|name| used.contains(name))
                .map_err(CodeError::Io)
        });
        if let Err(error) = removed.await {
            tracing::warn!(
                error = crate::error_chain(&error),
                "failed to remove unused code"
            );
        }
    }

    fn found(&self, function: &FunctionArn) -> Result<Arc<Live>, ManageError> {
        self.live(function)
            .ok_or_else(|| ManageError::NotFound(function.clone()))
    }

    fn whole_millisecond(&self) -> TimestampMicros {
        TimestampMicros(self.now().div_euclid(1000) * 1000)
    }

    async fn store(&self, archive: Bytes) -> Result<Code, CodeError> {
        let store = self.code.clone();
        blocking(move || store.store(&archive)).await
    }

    /// What AWS asks of a role before it takes it.
    fn check_role(
        &self,
        function: &FunctionArn,
        configuration: &Configuration,
    ) -> Result<(), ManageError> {
        let role = &configuration.role;
        let conditions = Conditions::none().with("aws:SourceArn", function.to_string());
        self.parts
            .iam
            .may_assume(role, PRINCIPAL, &conditions)
            .map_err(ManageError::RoleNotAssumable)?;
        if configuration.tracing == TracingMode::Active {
            let may_write = self.host.write_gate(session(role, &function.name));
            may_write().map_err(ManageError::RoleCannotTrace)?;
        }
        Ok(())
    }

    /// Decides, writes and makes known one change.
    async fn change(
        &self,
        live: &Live,
        revision_id: Option<&str>,
        settles: Settles,
        change: impl FnOnce(&mut Function) -> Result<(), ManageError> + Send,
    ) -> Result<Arc<Function>, ManageError> {
        let mut revision = live.changing.lock().await;
        let mut record = Function::clone(&live.record());
        check_changeable(&record, revision_id, settles)?;
        if settles == Settles::Later {
            record.update = UpdateStatus::InProgress;
        }
        change(&mut record)?;
        record.latest.revision_id = self.parts.ambient.uuid();
        *revision = self
            .records
            .put(&key(&live.arn), &record, Expect::Revision(*revision))
            .await?;
        Ok(live.know(record))
    }

    /// Makes the latest code and configuration what runs, behind the answer that said that this would happen.
    fn make_ready(self: &Arc<Self>, live: Arc<Live>) {
        let inner = Arc::clone(self);
        self.background(async move {
            inner.provide(&live).await;
            let mut revision = live.changing.lock().await;
            let mut record = Function::clone(&live.record());
            record.state = State::Active;
            record.update = UpdateStatus::Successful;
            record.latest.revision_id = inner.parts.ambient.uuid();
            let key = key(&live.arn);
            let expected = Expect::Revision(*revision);
            match inner.records.put(&key, &record, expected).await {
                Ok(written) => *revision = written,
                // Deleted meanwhile, or the catalog failed: then the next start takes it up again.
                Err(error) => {
                    tracing::warn!(function = %live.arn, error = crate::error_chain(&error), "function was not made ready");
                    return;
                }
            }
            let record = live.know(record);
            live.serve(inner.serving(&record));
        });
    }

    /// Finds the interpreter, so that the first invocation need not, and installs the AWS SDK if the code mentions it and
    /// it is nowhere. A function without either may still be of use: it can be changed.
    async fn provide(&self, live: &Live) {
        let latest = live.record().latest.clone();
        let runtime = &latest.configuration.runtime;
        let Some(family) = Family::of(runtime) else {
            return;
        };
        if family != Family::Provided
            && let Err(error) = self.host.finder.find(runtime, family).await
        {
            // Whoever invokes it is told.
            tracing::warn!(function = %live.arn, error = crate::error_chain(&error), "function cannot run");
            return;
        }
        let files = self.code.files(&latest.code);
        let ensured =
            self.dependencies
                .ensure(family, runtime, &files, &self.host.finder, self.settings());
        if let Err(error) = ensured.await {
            tracing::warn!(function = %live.arn, error = crate::error_chain(&error), "the AWS SDK is missing");
        }
    }

    fn serving(&self, record: &Function) -> Arc<Serving> {
        let serving = Arc::new(Serving {
            generation: self.next_generation(),
            version: "$LATEST".to_owned(),
            files: self.code.files(&record.latest.code),
            release: record.latest.clone(),
            retired: self.retired.clone(),
        });
        let mut served = self.served.lock();
        served.retain(|one| one.strong_count() > 0);
        served.push(Arc::downgrade(&serving));
        serving
    }
}

/// Whether the function may be changed now by somebody who knows it so.
fn check_changeable(
    record: &Function,
    revision_id: Option<&str>,
    settles: Settles,
) -> Result<(), ManageError> {
    let unsettled = record.state == State::Pending || record.update == UpdateStatus::InProgress;
    if settles == Settles::Later && unsettled {
        return Err(ManageError::InProgress(record.arn.clone()));
    }
    if revision_id.is_some_and(|wanted| wanted != record.latest.revision_id) {
        return Err(ManageError::OtherRevision(record.arn.clone()));
    }
    Ok(())
}

/// The record's key in the catalog.
fn key(arn: &FunctionArn) -> String {
    format!("{}/{}/{}", arn.account, arn.region, arn.name)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CodeError> + Send + 'static,
) -> Result<T, CodeError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(CodeError::Io(std::io::Error::other(error))))
}
