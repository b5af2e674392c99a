//! Listeners, dispatch, composition, shutdown, settings.
