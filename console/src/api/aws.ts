// Written by scripts/console-types from the services' models; not to be changed by hand.

import type { Operation } from "./operation";

export interface XRayAlias {
  Name?: string;
  Names?: string[];
  Type?: string;
}

export interface XRayAnnotationValue {
  NumberValue?: number;
  BooleanValue?: boolean;
  StringValue?: string;
}

export interface XRayAvailabilityZoneDetail {
  Name?: string;
}

export interface XRayBatchGetTracesRequest {
  TraceIds: string[];
  NextToken?: string;
}

export interface XRayBatchGetTracesResult {
  Traces?: XRayTrace[];
  UnprocessedTraceIds?: string[];
  NextToken?: string;
}

export interface XRayCreateGroupRequest {
  GroupName: string;
  FilterExpression?: string;
  InsightsConfiguration?: XRayInsightsConfiguration;
  Tags?: XRayTag[];
}

export interface XRayCreateGroupResult {
  Group?: XRayGroup;
}

export interface XRayCreateSamplingRuleRequest {
  SamplingRule: XRaySamplingRule;
  Tags?: XRayTag[];
}

export interface XRayCreateSamplingRuleResult {
  SamplingRuleRecord?: XRaySamplingRuleRecord;
}

export interface XRayDeleteGroupRequest {
  GroupName?: string;
  GroupARN?: string;
}

export interface XRayDeleteGroupResult {
}

export interface XRayDeleteSamplingRuleRequest {
  RuleName?: string;
  RuleARN?: string;
}

export interface XRayDeleteSamplingRuleResult {
  SamplingRuleRecord?: XRaySamplingRuleRecord;
}

export interface XRayEdge {
  ReferenceId?: number;
  StartTime?: number;
  EndTime?: number;
  SummaryStatistics?: XRayEdgeStatistics;
  ResponseTimeHistogram?: XRayHistogramEntry[];
  Aliases?: XRayAlias[];
  EdgeType?: string;
  ReceivedEventAgeHistogram?: XRayHistogramEntry[];
}

export interface XRayEdgeStatistics {
  OkCount?: number;
  ErrorStatistics?: XRayErrorStatistics;
  FaultStatistics?: XRayFaultStatistics;
  TotalCount?: number;
  TotalResponseTime?: number;
}

export interface XRayErrorRootCause {
  Services?: XRayErrorRootCauseService[];
  ClientImpacting?: boolean;
}

export interface XRayErrorRootCauseEntity {
  Name?: string;
  Exceptions?: XRayRootCauseException[];
  Remote?: boolean;
}

export interface XRayErrorRootCauseService {
  Name?: string;
  Names?: string[];
  Type?: string;
  AccountId?: string;
  EntityPath?: XRayErrorRootCauseEntity[];
  Inferred?: boolean;
}

export interface XRayErrorStatistics {
  ThrottleCount?: number;
  OtherCount?: number;
  TotalCount?: number;
}

export interface XRayFaultRootCause {
  Services?: XRayFaultRootCauseService[];
  ClientImpacting?: boolean;
}

export interface XRayFaultRootCauseEntity {
  Name?: string;
  Exceptions?: XRayRootCauseException[];
  Remote?: boolean;
}

export interface XRayFaultRootCauseService {
  Name?: string;
  Names?: string[];
  Type?: string;
  AccountId?: string;
  EntityPath?: XRayFaultRootCauseEntity[];
  Inferred?: boolean;
}

export interface XRayFaultStatistics {
  OtherCount?: number;
  TotalCount?: number;
}

export interface XRayForecastStatistics {
  FaultCountHigh?: number;
  FaultCountLow?: number;
}

export interface XRayGetGroupsRequest {
  NextToken?: string;
}

export interface XRayGetGroupsResult {
  Groups?: XRayGroupSummary[];
  NextToken?: string;
}

export interface XRayGetSamplingRulesRequest {
  NextToken?: string;
}

export interface XRayGetSamplingRulesResult {
  SamplingRuleRecords?: XRaySamplingRuleRecord[];
  NextToken?: string;
}

export interface XRayGetSamplingStatisticSummariesRequest {
  NextToken?: string;
}

export interface XRayGetSamplingStatisticSummariesResult {
  SamplingStatisticSummaries?: XRaySamplingStatisticSummary[];
  NextToken?: string;
}

export interface XRayGetServiceGraphRequest {
  StartTime: number;
  EndTime: number;
  GroupName?: string;
  GroupARN?: string;
  NextToken?: string;
}

export interface XRayGetServiceGraphResult {
  StartTime?: number;
  EndTime?: number;
  Services?: XRayService[];
  ContainsOldGroupVersions?: boolean;
  NextToken?: string;
}

export interface XRayGetTimeSeriesServiceStatisticsRequest {
  StartTime: number;
  EndTime: number;
  GroupName?: string;
  GroupARN?: string;
  EntitySelectorExpression?: string;
  Period?: number;
  ForecastStatistics?: boolean;
  NextToken?: string;
}

export interface XRayGetTimeSeriesServiceStatisticsResult {
  TimeSeriesServiceStatistics?: XRayTimeSeriesServiceStatistics[];
  ContainsOldGroupVersions?: boolean;
  NextToken?: string;
}

export interface XRayGetTraceGraphRequest {
  TraceIds: string[];
  NextToken?: string;
}

export interface XRayGetTraceGraphResult {
  Services?: XRayService[];
  NextToken?: string;
}

export interface XRayGetTraceSummariesRequest {
  StartTime: number;
  EndTime: number;
  TimeRangeType?: "TraceId" | "Event" | "Service";
  Sampling?: boolean;
  SamplingStrategy?: XRaySamplingStrategy;
  FilterExpression?: string;
  NextToken?: string;
}

export interface XRayGetTraceSummariesResult {
  TraceSummaries?: XRayTraceSummary[];
  ApproximateTime?: number;
  TracesProcessedCount?: number;
  NextToken?: string;
}

export interface XRayGroup {
  GroupName?: string;
  GroupARN?: string;
  FilterExpression?: string;
  InsightsConfiguration?: XRayInsightsConfiguration;
}

export interface XRayGroupSummary {
  GroupName?: string;
  GroupARN?: string;
  FilterExpression?: string;
  InsightsConfiguration?: XRayInsightsConfiguration;
}

export interface XRayHistogramEntry {
  Value?: number;
  Count?: number;
}

export interface XRayHttp {
  HttpURL?: string;
  HttpStatus?: number;
  HttpMethod?: string;
  UserAgent?: string;
  ClientIp?: string;
}

export interface XRayInsightsConfiguration {
  InsightsEnabled?: boolean;
  NotificationsEnabled?: boolean;
}

export interface XRayInstanceIdDetail {
  Id?: string;
}

export interface XRayResourceARNDetail {
  ARN?: string;
}

export interface XRayResponseTimeRootCause {
  Services?: XRayResponseTimeRootCauseService[];
  ClientImpacting?: boolean;
}

export interface XRayResponseTimeRootCauseEntity {
  Name?: string;
  Coverage?: number;
  Remote?: boolean;
}

export interface XRayResponseTimeRootCauseService {
  Name?: string;
  Names?: string[];
  Type?: string;
  AccountId?: string;
  EntityPath?: XRayResponseTimeRootCauseEntity[];
  Inferred?: boolean;
}

export interface XRayRootCauseException {
  Name?: string;
  Message?: string;
}

export interface XRaySamplingRateBoost {
  MaxRate?: number;
  CooldownWindowMinutes?: number;
}

export interface XRaySamplingRule {
  RuleName?: string;
  RuleARN?: string;
  ResourceARN?: string;
  Priority?: number;
  FixedRate?: number;
  ReservoirSize?: number;
  ServiceName?: string;
  ServiceType?: string;
  Host?: string;
  HTTPMethod?: string;
  URLPath?: string;
  Version?: number;
  Attributes?: Record<string, string>;
  SamplingRateBoost?: XRaySamplingRateBoost;
}

export interface XRaySamplingRuleRecord {
  SamplingRule?: XRaySamplingRule;
  CreatedAt?: number;
  ModifiedAt?: number;
}

export interface XRaySamplingRuleUpdate {
  RuleName?: string;
  RuleARN?: string;
  ResourceARN?: string;
  Priority?: number;
  FixedRate?: number;
  ReservoirSize?: number;
  Host?: string;
  ServiceName?: string;
  ServiceType?: string;
  HTTPMethod?: string;
  URLPath?: string;
  Attributes?: Record<string, string>;
  SamplingRateBoost?: XRaySamplingRateBoost;
}

export interface XRaySamplingStatisticSummary {
  RuleName?: string;
  Timestamp?: number;
  RequestCount?: number;
  BorrowCount?: number;
  SampledCount?: number;
}

export interface XRaySamplingStrategy {
  Name?: "PartialScan" | "FixedRate";
  Value?: number;
}

export interface XRaySegment {
  Id?: string;
  Document?: string;
}

export interface XRayService {
  ReferenceId?: number;
  Name?: string;
  Names?: string[];
  Root?: boolean;
  AccountId?: string;
  Type?: string;
  State?: string;
  StartTime?: number;
  EndTime?: number;
  Edges?: XRayEdge[];
  SummaryStatistics?: XRayServiceStatistics;
  DurationHistogram?: XRayHistogramEntry[];
  ResponseTimeHistogram?: XRayHistogramEntry[];
}

export interface XRayServiceId {
  Name?: string;
  Names?: string[];
  AccountId?: string;
  Type?: string;
}

export interface XRayServiceStatistics {
  OkCount?: number;
  ErrorStatistics?: XRayErrorStatistics;
  FaultStatistics?: XRayFaultStatistics;
  TotalCount?: number;
  TotalResponseTime?: number;
}

export interface XRayTag {
  Key?: string;
  Value?: string;
}

export interface XRayTimeSeriesServiceStatistics {
  Timestamp?: number;
  EdgeSummaryStatistics?: XRayEdgeStatistics;
  ServiceSummaryStatistics?: XRayServiceStatistics;
  ServiceForecastStatistics?: XRayForecastStatistics;
  ResponseTimeHistogram?: XRayHistogramEntry[];
}

export interface XRayTrace {
  Id?: string;
  Duration?: number;
  LimitExceeded?: boolean;
  Segments?: XRaySegment[];
}

export interface XRayTraceSummary {
  Id?: string;
  StartTime?: number;
  Duration?: number;
  ResponseTime?: number;
  HasFault?: boolean;
  HasError?: boolean;
  HasThrottle?: boolean;
  IsPartial?: boolean;
  Http?: XRayHttp;
  Annotations?: Record<string, XRayValueWithServiceIds[]>;
  Users?: XRayTraceUser[];
  ServiceIds?: XRayServiceId[];
  ResourceARNs?: XRayResourceARNDetail[];
  InstanceIds?: XRayInstanceIdDetail[];
  AvailabilityZones?: XRayAvailabilityZoneDetail[];
  EntryPoint?: XRayServiceId;
  FaultRootCauses?: XRayFaultRootCause[];
  ErrorRootCauses?: XRayErrorRootCause[];
  ResponseTimeRootCauses?: XRayResponseTimeRootCause[];
  Revision?: number;
  MatchedEventTime?: number;
}

export interface XRayTraceUser {
  UserName?: string;
  ServiceIds?: XRayServiceId[];
}

export interface XRayUpdateSamplingRuleRequest {
  SamplingRuleUpdate: XRaySamplingRuleUpdate;
}

export interface XRayUpdateSamplingRuleResult {
  SamplingRuleRecord?: XRaySamplingRuleRecord;
}

export interface XRayValueWithServiceIds {
  AnnotationValue?: XRayAnnotationValue;
  ServiceIds?: XRayServiceId[];
}

export const batchGetTraces: Operation<XRayBatchGetTracesRequest, XRayBatchGetTracesResult> = { method: "POST", uri: "/Traces" };

export const getTraceSummaries: Operation<XRayGetTraceSummariesRequest, XRayGetTraceSummariesResult> = { method: "POST", uri: "/TraceSummaries" };

export const getServiceGraph: Operation<XRayGetServiceGraphRequest, XRayGetServiceGraphResult> = { method: "POST", uri: "/ServiceGraph" };

export const getTraceGraph: Operation<XRayGetTraceGraphRequest, XRayGetTraceGraphResult> = { method: "POST", uri: "/TraceGraph" };

export const getTimeSeriesServiceStatistics: Operation<XRayGetTimeSeriesServiceStatisticsRequest, XRayGetTimeSeriesServiceStatisticsResult> = { method: "POST", uri: "/TimeSeriesServiceStatistics" };

export const getGroups: Operation<XRayGetGroupsRequest, XRayGetGroupsResult> = { method: "POST", uri: "/Groups" };

export const createGroup: Operation<XRayCreateGroupRequest, XRayCreateGroupResult> = { method: "POST", uri: "/CreateGroup" };

export const deleteGroup: Operation<XRayDeleteGroupRequest, XRayDeleteGroupResult> = { method: "POST", uri: "/DeleteGroup" };

export const getSamplingRules: Operation<XRayGetSamplingRulesRequest, XRayGetSamplingRulesResult> = { method: "POST", uri: "/GetSamplingRules" };

export const createSamplingRule: Operation<XRayCreateSamplingRuleRequest, XRayCreateSamplingRuleResult> = { method: "POST", uri: "/CreateSamplingRule" };

export const updateSamplingRule: Operation<XRayUpdateSamplingRuleRequest, XRayUpdateSamplingRuleResult> = { method: "POST", uri: "/UpdateSamplingRule" };

export const deleteSamplingRule: Operation<XRayDeleteSamplingRuleRequest, XRayDeleteSamplingRuleResult> = { method: "POST", uri: "/DeleteSamplingRule" };

export const getSamplingStatisticSummaries: Operation<XRayGetSamplingStatisticSummariesRequest, XRayGetSamplingStatisticSummariesResult> = { method: "POST", uri: "/SamplingStatisticSummaries" };

export interface LambdaAcceleratorConfig {
  AcceleratorMemorySize?: number;
}

export interface LambdaCapacityProviderConfig {
  LambdaManagedInstancesCapacityProviderConfig?: LambdaLambdaManagedInstancesCapacityProviderConfig;
}

export interface LambdaConcurrency {
  ReservedConcurrentExecutions?: number;
}

export interface LambdaDeadLetterConfig {
  TargetArn?: string;
}

export interface LambdaDurableConfig {
  KMSKeyArn?: string;
  RetentionPeriodInDays?: number;
  ExecutionTimeout?: number;
}

export interface LambdaEnvironment {
  Variables?: Record<string, string>;
}

export interface LambdaEnvironmentError {
  ErrorCode?: string;
  Message?: string;
}

export interface LambdaEnvironmentResponse {
  Variables?: Record<string, string>;
  Error?: LambdaEnvironmentError;
}

export interface LambdaEphemeralStorage {
  Size?: number;
}

export interface LambdaFileSystemConfig {
  Arn?: string;
  LocalMountPath?: string;
  S3FilesConfig?: LambdaS3FilesConfig;
}

export interface LambdaFunctionCodeLocation {
  RepositoryType?: string;
  Location?: string;
  ImageUri?: string;
  ResolvedImageUri?: string;
  ResolvedS3Object?: LambdaResolvedS3Object;
  SourceKMSKeyArn?: string;
  Error?: LambdaFunctionCodeLocationError;
}

export interface LambdaFunctionCodeLocationError {
  ErrorCode?: string;
  Message?: string;
}

export interface LambdaFunctionConfiguration {
  FunctionName?: string;
  FunctionArn?: string;
  Runtime?: "nodejs" | "nodejs4.3" | "nodejs6.10" | "nodejs8.10" | "nodejs10.x" | "nodejs12.x" | "nodejs14.x" | "nodejs16.x" | "nodejs18.x" | "nodejs20.x" | "nodejs22.x" | "nodejs24.x" | "java8" | "java8.al2" | "java11" | "java17" | "java21" | "java25" | "python2.7" | "python3.6" | "python3.7" | "python3.8" | "python3.9" | "python3.10" | "python3.11" | "python3.12" | "python3.13" | "python3.14" | "dotnetcore1.0" | "dotnetcore2.0" | "dotnetcore2.1" | "dotnetcore3.1" | "dotnet6" | "dotnet8" | "dotnet10" | "nodejs4.3-edge" | "go1.x" | "ruby2.5" | "ruby2.7" | "ruby3.2" | "ruby3.3" | "ruby3.4" | "ruby4.0" | "provided" | "provided.al2" | "provided.al2023" | "nodejs26.x" | "python3.15" | "java8.al2023" | "java11.al2023" | "java17.al2023" | "custom";
  Role?: string;
  Handler?: string;
  CodeSize?: number;
  Description?: string;
  Timeout?: number;
  MemorySize?: number;
  LastModified?: string;
  CodeSha256?: string;
  Version?: string;
  VpcConfig?: LambdaVpcConfigResponse;
  DeadLetterConfig?: LambdaDeadLetterConfig;
  Environment?: LambdaEnvironmentResponse;
  KMSKeyArn?: string;
  TracingConfig?: LambdaTracingConfigResponse;
  MasterArn?: string;
  RevisionId?: string;
  Layers?: LambdaLayer[];
  State?: "Pending" | "Active" | "Inactive" | "Failed" | "Deactivating" | "Deactivated" | "ActiveNonInvocable" | "Deleting";
  StateReason?: string;
  StateReasonCode?: "Idle" | "Creating" | "Restoring" | "EniLimitExceeded" | "InsufficientRolePermissions" | "InvalidConfiguration" | "InternalError" | "SubnetOutOfIPAddresses" | "InvalidSubnet" | "InvalidSecurityGroup" | "ImageDeleted" | "ImageAccessDenied" | "InvalidImage" | "KMSKeyAccessDenied" | "KMSKeyNotFound" | "InvalidStateKMSKey" | "DisabledKMSKey" | "EFSIOError" | "EFSMountConnectivityError" | "EFSMountFailure" | "EFSMountTimeout" | "InvalidRuntime" | "InvalidZipFileException" | "FunctionError" | "ServiceQuotaExceededException" | "VcpuLimitExceeded" | "CapacityProviderScalingLimitExceeded" | "InsufficientCapacity" | "EC2RequestLimitExceeded" | "FunctionError.InitTimeout" | "FunctionError.RuntimeInitError" | "FunctionError.ExtensionInitError" | "FunctionError.InvalidEntryPoint" | "FunctionError.InvalidWorkingDirectory" | "FunctionError.PermissionDenied" | "FunctionError.TooManyExtensions" | "FunctionError.InitResourceExhausted" | "DisallowedByVpcEncryptionControl" | "DrainingDurableExecutions" | "IncompatibleAcceleratorInstanceTypes" | "DependencyError";
  LastUpdateStatus?: "Successful" | "Failed" | "InProgress";
  LastUpdateStatusReason?: string;
  LastUpdateStatusReasonCode?: "EniLimitExceeded" | "InsufficientRolePermissions" | "InvalidConfiguration" | "InternalError" | "SubnetOutOfIPAddresses" | "InvalidSubnet" | "InvalidSecurityGroup" | "ImageDeleted" | "ImageAccessDenied" | "InvalidImage" | "KMSKeyAccessDenied" | "KMSKeyNotFound" | "InvalidStateKMSKey" | "DisabledKMSKey" | "EFSIOError" | "EFSMountConnectivityError" | "EFSMountFailure" | "EFSMountTimeout" | "InvalidRuntime" | "InvalidZipFileException" | "FunctionError" | "ServiceQuotaExceededException" | "VcpuLimitExceeded" | "CapacityProviderScalingLimitExceeded" | "InsufficientCapacity" | "EC2RequestLimitExceeded" | "FunctionError.InitTimeout" | "FunctionError.RuntimeInitError" | "FunctionError.ExtensionInitError" | "FunctionError.InvalidEntryPoint" | "FunctionError.InvalidWorkingDirectory" | "FunctionError.PermissionDenied" | "FunctionError.TooManyExtensions" | "FunctionError.InitResourceExhausted" | "DisallowedByVpcEncryptionControl" | "IncompatibleAcceleratorInstanceTypes" | "DependencyError";
  FileSystemConfigs?: LambdaFileSystemConfig[];
  SigningProfileVersionArn?: string;
  SigningJobArn?: string;
  PackageType?: "Zip" | "Image";
  ImageConfigResponse?: LambdaImageConfigResponse;
  Architectures?: ("x86_64" | "arm64")[];
  EphemeralStorage?: LambdaEphemeralStorage;
  SnapStart?: LambdaSnapStartResponse;
  RuntimeVersionConfig?: LambdaRuntimeVersionConfig;
  LoggingConfig?: LambdaLoggingConfig;
  TenancyConfig?: LambdaTenancyConfig;
  CapacityProviderConfig?: LambdaCapacityProviderConfig;
  ConfigSha256?: string;
  DurableConfig?: LambdaDurableConfig;
  RuntimeConfig?: LambdaFunctionRuntimeConfig;
  AcceleratorConfig?: LambdaAcceleratorConfig;
}

export interface LambdaFunctionRuntimeConfig {
  RuntimeArn?: string;
  RuntimeAlias?: string;
}

export interface LambdaGetFunctionConfigurationRequest {
  FunctionName: string;
  Qualifier?: string;
}

export interface LambdaGetFunctionRequest {
  FunctionName: string;
  Qualifier?: string;
}

export interface LambdaGetFunctionResponse {
  Configuration?: LambdaFunctionConfiguration;
  Code?: LambdaFunctionCodeLocation;
  Tags?: Record<string, string>;
  TagsError?: LambdaTagsError;
  Concurrency?: LambdaConcurrency;
}

export interface LambdaGetPolicyRequest {
  FunctionName: string;
  Qualifier?: string;
}

export interface LambdaGetPolicyResponse {
  Policy?: string;
  RevisionId?: string;
}

export interface LambdaImageConfig {
  EntryPoint?: string[];
  Command?: string[];
  WorkingDirectory?: string;
}

export interface LambdaImageConfigError {
  ErrorCode?: string;
  Message?: string;
}

export interface LambdaImageConfigResponse {
  ImageConfig?: LambdaImageConfig;
  Error?: LambdaImageConfigError;
}

export interface LambdaInvocationRequest {
  FunctionName: string;
  InvocationType?: "Event" | "RequestResponse" | "DryRun";
  LogType?: "None" | "Tail";
  ClientContext?: string;
  DurableExecutionName?: string;
  Payload?: string;
  Qualifier?: string;
  TenantId?: string;
}

export interface LambdaInvocationResponse {
  StatusCode?: number;
  FunctionError?: string;
  LogResult?: string;
  Payload?: string;
  ExecutedVersion?: string;
  DurableExecutionArn?: string;
}

export interface LambdaLambdaManagedInstancesCapacityProviderConfig {
  CapacityProviderArn?: string;
  PerExecutionEnvironmentMaxConcurrency?: number;
  ExecutionEnvironmentMemoryGiBPerVCpu?: number;
}

export interface LambdaLayer {
  Arn?: string;
  CodeSize?: number;
  SigningProfileVersionArn?: string;
  SigningJobArn?: string;
}

export interface LambdaListFunctionsRequest {
  MasterRegion?: string;
  FunctionVersion?: "ALL";
  Marker?: string;
  MaxItems?: number;
}

export interface LambdaListFunctionsResponse {
  NextMarker?: string;
  Functions?: LambdaFunctionConfiguration[];
}

export interface LambdaLoggingConfig {
  LogFormat?: "JSON" | "Text";
  ApplicationLogLevel?: "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
  SystemLogLevel?: "DEBUG" | "INFO" | "WARN";
  LogGroup?: string;
}

export interface LambdaResolvedS3Object {
  S3Bucket?: string;
  S3Key?: string;
  S3ObjectVersion?: string;
}

export interface LambdaRuntimeVersionConfig {
  RuntimeVersionArn?: string;
  Error?: LambdaRuntimeVersionError;
}

export interface LambdaRuntimeVersionError {
  ErrorCode?: string;
  Message?: string;
}

export interface LambdaS3FilesConfig {
  DirectS3Read?: "ENABLED" | "DISABLED" | "AUTO";
}

export interface LambdaSnapStart {
  ApplyOn?: "PublishedVersions" | "None";
}

export interface LambdaSnapStartResponse {
  ApplyOn?: "PublishedVersions" | "None";
  OptimizationStatus?: "On" | "Off";
}

export interface LambdaTagsError {
  ErrorCode?: string;
  Message?: string;
}

export interface LambdaTenancyConfig {
  TenantIsolationMode?: "PER_TENANT";
}

export interface LambdaTracingConfig {
  Mode?: "Active" | "PassThrough";
}

export interface LambdaTracingConfigResponse {
  Mode?: "Active" | "PassThrough";
}

export interface LambdaUpdateFunctionConfigurationRequest {
  FunctionName: string;
  Role?: string;
  Handler?: string;
  Description?: string;
  Timeout?: number;
  MemorySize?: number;
  VpcConfig?: LambdaVpcConfig;
  Environment?: LambdaEnvironment;
  Runtime?: "nodejs" | "nodejs4.3" | "nodejs6.10" | "nodejs8.10" | "nodejs10.x" | "nodejs12.x" | "nodejs14.x" | "nodejs16.x" | "nodejs18.x" | "nodejs20.x" | "nodejs22.x" | "nodejs24.x" | "java8" | "java8.al2" | "java11" | "java17" | "java21" | "java25" | "python2.7" | "python3.6" | "python3.7" | "python3.8" | "python3.9" | "python3.10" | "python3.11" | "python3.12" | "python3.13" | "python3.14" | "dotnetcore1.0" | "dotnetcore2.0" | "dotnetcore2.1" | "dotnetcore3.1" | "dotnet6" | "dotnet8" | "dotnet10" | "nodejs4.3-edge" | "go1.x" | "ruby2.5" | "ruby2.7" | "ruby3.2" | "ruby3.3" | "ruby3.4" | "ruby4.0" | "provided" | "provided.al2" | "provided.al2023" | "nodejs26.x" | "python3.15" | "java8.al2023" | "java11.al2023" | "java17.al2023" | "custom";
  DeadLetterConfig?: LambdaDeadLetterConfig;
  KMSKeyArn?: string;
  TracingConfig?: LambdaTracingConfig;
  RevisionId?: string;
  Layers?: string[];
  FileSystemConfigs?: LambdaFileSystemConfig[];
  ImageConfig?: LambdaImageConfig;
  EphemeralStorage?: LambdaEphemeralStorage;
  SnapStart?: LambdaSnapStart;
  LoggingConfig?: LambdaLoggingConfig;
  CapacityProviderConfig?: LambdaCapacityProviderConfig;
  DurableConfig?: LambdaDurableConfig;
  RuntimeConfig?: LambdaFunctionRuntimeConfig;
  AcceleratorConfig?: LambdaAcceleratorConfig;
}

export interface LambdaVpcConfig {
  SubnetIds?: string[];
  SecurityGroupIds?: string[];
  Ipv6AllowedForDualStack?: boolean;
}

export interface LambdaVpcConfigResponse {
  SubnetIds?: string[];
  SecurityGroupIds?: string[];
  VpcId?: string;
  Ipv6AllowedForDualStack?: boolean;
}

export const listFunctions: Operation<LambdaListFunctionsRequest, LambdaListFunctionsResponse> = { method: "GET", uri: "/2015-03-31/functions", query: { MasterRegion: "MasterRegion", FunctionVersion: "FunctionVersion", Marker: "Marker", MaxItems: "MaxItems" } };

export const getFunction: Operation<LambdaGetFunctionRequest, LambdaGetFunctionResponse> = { method: "GET", uri: "/2015-03-31/functions/{FunctionName}", path: { FunctionName: "FunctionName" }, query: { Qualifier: "Qualifier" } };

export const getFunctionConfiguration: Operation<LambdaGetFunctionConfigurationRequest, LambdaFunctionConfiguration> = { method: "GET", uri: "/2015-03-31/functions/{FunctionName}/configuration", path: { FunctionName: "FunctionName" }, query: { Qualifier: "Qualifier" } };

export const updateFunctionConfiguration: Operation<LambdaUpdateFunctionConfigurationRequest, LambdaFunctionConfiguration> = { method: "PUT", uri: "/2015-03-31/functions/{FunctionName}/configuration", path: { FunctionName: "FunctionName" } };

export const invoke: Operation<LambdaInvocationRequest, LambdaInvocationResponse> = { method: "POST", uri: "/2015-03-31/functions/{FunctionName}/invocations", path: { FunctionName: "FunctionName" }, query: { Qualifier: "Qualifier" }, headers: { InvocationType: "X-Amz-Invocation-Type", LogType: "X-Amz-Log-Type", ClientContext: "X-Amz-Client-Context", DurableExecutionName: "X-Amz-Durable-Execution-Name", TenantId: "X-Amz-Tenant-Id" }, payload: "Payload" };

export const getPolicy: Operation<LambdaGetPolicyRequest, LambdaGetPolicyResponse> = { method: "GET", uri: "/2015-03-31/functions/{FunctionName}/policy", path: { FunctionName: "FunctionName" }, query: { Qualifier: "Qualifier" } };

export interface GatewayAccessLogSettings {
  format?: string;
  destinationArn?: string;
}

export interface GatewayCanarySettings {
  percentTraffic?: number;
  deploymentId?: string;
  stageVariableOverrides?: Record<string, string>;
  useStageCache?: boolean;
}

export interface GatewayCreateDeploymentRequest {
  restApiId: string;
  stageName?: string;
  stageDescription?: string;
  description?: string;
  cacheClusterEnabled?: boolean;
  cacheClusterSize?: "0.5" | "1.6" | "6.1" | "13.5" | "28.4" | "58.2" | "118" | "237";
  variables?: Record<string, string>;
  canarySettings?: GatewayDeploymentCanarySettings;
  tracingEnabled?: boolean;
}

export interface GatewayDeployment {
  id?: string;
  description?: string;
  createdDate?: number;
  apiSummary?: Record<string, Record<string, GatewayMethodSnapshot>>;
}

export interface GatewayDeploymentCanarySettings {
  percentTraffic?: number;
  stageVariableOverrides?: Record<string, string>;
  useStageCache?: boolean;
}

export interface GatewayDeployments {
  position?: string;
  item?: GatewayDeployment[];
}

export interface GatewayEndpointConfiguration {
  types?: ("REGIONAL" | "EDGE" | "PRIVATE")[];
  ipAddressType?: "ipv4" | "dualstack";
  vpcEndpointIds?: string[];
}

export interface GatewayGetDeploymentRequest {
  restApiId: string;
  deploymentId: string;
  embed?: string[];
}

export interface GatewayGetDeploymentsRequest {
  restApiId: string;
  position?: string;
  limit?: number;
}

export interface GatewayGetMethodRequest {
  restApiId: string;
  resourceId: string;
  httpMethod: string;
}

export interface GatewayGetResourcesRequest {
  restApiId: string;
  position?: string;
  limit?: number;
  embed?: string[];
}

export interface GatewayGetRestApiRequest {
  restApiId: string;
}

export interface GatewayGetRestApisRequest {
  position?: string;
  limit?: number;
}

export interface GatewayGetStageRequest {
  restApiId: string;
  stageName: string;
}

export interface GatewayGetStagesRequest {
  restApiId: string;
  deploymentId?: string;
}

export interface GatewayIntegration {
  type?: "HTTP" | "AWS" | "MOCK" | "HTTP_PROXY" | "AWS_PROXY";
  httpMethod?: string;
  uri?: string;
  connectionType?: "INTERNET" | "VPC_LINK";
  connectionId?: string;
  credentials?: string;
  requestParameters?: Record<string, string>;
  requestTemplates?: Record<string, string>;
  passthroughBehavior?: string;
  contentHandling?: "CONVERT_TO_BINARY" | "CONVERT_TO_TEXT";
  timeoutInMillis?: number;
  cacheNamespace?: string;
  cacheKeyParameters?: string[];
  integrationResponses?: Record<string, GatewayIntegrationResponse>;
  tlsConfig?: GatewayTlsConfig;
  responseTransferMode?: "BUFFERED" | "STREAM";
  integrationTarget?: string;
}

export interface GatewayIntegrationResponse {
  statusCode?: string;
  selectionPattern?: string;
  responseParameters?: Record<string, string>;
  responseTemplates?: Record<string, string>;
  contentHandling?: "CONVERT_TO_BINARY" | "CONVERT_TO_TEXT";
}

export interface GatewayMethod {
  httpMethod?: string;
  authorizationType?: string;
  authorizerId?: string;
  apiKeyRequired?: boolean;
  requestValidatorId?: string;
  operationName?: string;
  requestParameters?: Record<string, boolean>;
  requestModels?: Record<string, string>;
  methodResponses?: Record<string, GatewayMethodResponse>;
  methodIntegration?: GatewayIntegration;
  authorizationScopes?: string[];
}

export interface GatewayMethodResponse {
  statusCode?: string;
  responseParameters?: Record<string, boolean>;
  responseModels?: Record<string, string>;
}

export interface GatewayMethodSetting {
  metricsEnabled?: boolean;
  loggingLevel?: string;
  dataTraceEnabled?: boolean;
  throttlingBurstLimit?: number;
  throttlingRateLimit?: number;
  cachingEnabled?: boolean;
  cacheTtlInSeconds?: number;
  cacheDataEncrypted?: boolean;
  requireAuthorizationForCacheControl?: boolean;
  unauthorizedCacheControlHeaderStrategy?: "FAIL_WITH_403" | "SUCCEED_WITH_RESPONSE_HEADER" | "SUCCEED_WITHOUT_RESPONSE_HEADER";
}

export interface GatewayMethodSnapshot {
  authorizationType?: string;
  apiKeyRequired?: boolean;
}

export interface GatewayPatchOperation {
  op?: "add" | "remove" | "replace" | "move" | "copy" | "test";
  path?: string;
  value?: string;
  from?: string;
}

export interface GatewayResource {
  id?: string;
  parentId?: string;
  pathPart?: string;
  path?: string;
  resourceMethods?: Record<string, GatewayMethod>;
}

export interface GatewayResources {
  position?: string;
  item?: GatewayResource[];
}

export interface GatewayRestApi {
  id?: string;
  name?: string;
  description?: string;
  createdDate?: number;
  version?: string;
  warnings?: string[];
  binaryMediaTypes?: string[];
  minimumCompressionSize?: number;
  apiKeySource?: "HEADER" | "AUTHORIZER";
  endpointConfiguration?: GatewayEndpointConfiguration;
  policy?: string;
  tags?: Record<string, string>;
  disableExecuteApiEndpoint?: boolean;
  rootResourceId?: string;
  securityPolicy?: "TLS_1_0" | "TLS_1_2" | "SecurityPolicy_TLS13_1_3_2025_09" | "SecurityPolicy_TLS13_1_3_FIPS_2025_09" | "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09" | "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09" | "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09" | "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09" | "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09" | "SecurityPolicy_TLS13_1_2_PQ_2025_09" | "SecurityPolicy_TLS13_1_2_2021_06" | "SecurityPolicy_TLS13_2025_EDGE" | "SecurityPolicy_TLS12_PFS_2025_EDGE" | "SecurityPolicy_TLS12_2018_EDGE";
  endpointAccessMode?: "BASIC" | "STRICT";
  apiStatus?: "UPDATING" | "AVAILABLE" | "PENDING" | "FAILED";
  apiStatusMessage?: string;
}

export interface GatewayRestApis {
  position?: string;
  item?: GatewayRestApi[];
}

export interface GatewayStage {
  deploymentId?: string;
  clientCertificateId?: string;
  stageName?: string;
  description?: string;
  cacheClusterEnabled?: boolean;
  cacheClusterSize?: "0.5" | "1.6" | "6.1" | "13.5" | "28.4" | "58.2" | "118" | "237";
  cacheClusterStatus?: "CREATE_IN_PROGRESS" | "AVAILABLE" | "DELETE_IN_PROGRESS" | "NOT_AVAILABLE" | "FLUSH_IN_PROGRESS";
  methodSettings?: Record<string, GatewayMethodSetting>;
  variables?: Record<string, string>;
  documentationVersion?: string;
  accessLogSettings?: GatewayAccessLogSettings;
  canarySettings?: GatewayCanarySettings;
  tracingEnabled?: boolean;
  webAclArn?: string;
  tags?: Record<string, string>;
  createdDate?: number;
  lastUpdatedDate?: number;
}

export interface GatewayStages {
  item?: GatewayStage[];
}

export interface GatewayTlsConfig {
  insecureSkipVerification?: boolean;
}

export interface GatewayUpdateStageRequest {
  restApiId: string;
  stageName: string;
  patchOperations?: GatewayPatchOperation[];
}

export const getRestApis: Operation<GatewayGetRestApisRequest, GatewayRestApis> = { method: "GET", uri: "/restapis", query: { position: "position", limit: "limit" } };

export const getRestApi: Operation<GatewayGetRestApiRequest, GatewayRestApi> = { method: "GET", uri: "/restapis/{restapi_id}", path: { restApiId: "restapi_id" } };

export const getResources: Operation<GatewayGetResourcesRequest, GatewayResources> = { method: "GET", uri: "/restapis/{restapi_id}/resources", path: { restApiId: "restapi_id" }, query: { position: "position", limit: "limit", embed: "embed" } };

export const getMethod: Operation<GatewayGetMethodRequest, GatewayMethod> = { method: "GET", uri: "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}", path: { restApiId: "restapi_id", resourceId: "resource_id", httpMethod: "http_method" } };

export const getStages: Operation<GatewayGetStagesRequest, GatewayStages> = { method: "GET", uri: "/restapis/{restapi_id}/stages", path: { restApiId: "restapi_id" }, query: { deploymentId: "deploymentId" } };

export const getStage: Operation<GatewayGetStageRequest, GatewayStage> = { method: "GET", uri: "/restapis/{restapi_id}/stages/{stage_name}", path: { restApiId: "restapi_id", stageName: "stage_name" } };

export const updateStage: Operation<GatewayUpdateStageRequest, GatewayStage> = { method: "PATCH", uri: "/restapis/{restapi_id}/stages/{stage_name}", path: { restApiId: "restapi_id", stageName: "stage_name" } };

export const getDeployments: Operation<GatewayGetDeploymentsRequest, GatewayDeployments> = { method: "GET", uri: "/restapis/{restapi_id}/deployments", path: { restApiId: "restapi_id" }, query: { position: "position", limit: "limit" } };

export const getDeployment: Operation<GatewayGetDeploymentRequest, GatewayDeployment> = { method: "GET", uri: "/restapis/{restapi_id}/deployments/{deployment_id}", path: { restApiId: "restapi_id", deploymentId: "deployment_id" }, query: { embed: "embed" } };

export const createDeployment: Operation<GatewayCreateDeploymentRequest, GatewayDeployment> = { method: "POST", uri: "/restapis/{restapi_id}/deployments", path: { restApiId: "restapi_id" } };
