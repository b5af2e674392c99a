// What a node is, in words and by family: the family decides the icon.

export type Family =
  | "client"
  | "gateway"
  | "function"
  | "database"
  | "queue"
  | "topic"
  | "bucket"
  | "compute"
  | "remote"
  | "aws"
  | "service";

export interface Kind {
  readonly family: Family;
  /** What such a node is called: `Lambda function`. */
  readonly label: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  client: { family: "client", label: "Client" },
  "client::Synthetics": { family: "client", label: "Synthetics canary" },
  remote: { family: "remote", label: "Remote service" },
  "Database::SQL": { family: "database", label: "SQL database" },
  "AWS::ApiGateway::Stage": { family: "gateway", label: "API Gateway stage" },
  "AWS::Lambda": { family: "function", label: "Lambda service" },
  "AWS::Lambda::Function": { family: "function", label: "Lambda function" },
  "AWS::DynamoDB": { family: "database", label: "DynamoDB" },
  "AWS::DynamoDB::Table": { family: "database", label: "DynamoDB table" },
  "AWS::SQS": { family: "queue", label: "SQS" },
  "AWS::SQS::Queue": { family: "queue", label: "SQS queue" },
  "AWS::SNS": { family: "topic", label: "SNS topic" },
  "AWS::Events": { family: "topic", label: "EventBridge" },
  "AWS::Kinesis": { family: "queue", label: "Kinesis" },
  "AWS::S3": { family: "bucket", label: "S3" },
  "AWS::S3::Bucket": { family: "bucket", label: "S3 bucket" },
  "AWS::EC2::Instance": { family: "compute", label: "EC2 instance" },
  "AWS::ECS::Container": { family: "compute", label: "ECS container" },
  "AWS::ECS::Fargate": { family: "compute", label: "ECS on Fargate" },
  "AWS::ECS::EC2": { family: "compute", label: "ECS on EC2" },
  "AWS::EKS::Container": { family: "compute", label: "EKS container" },
  "AWS::ElasticBeanstalk::Environment": { family: "compute", label: "Elastic Beanstalk environment" },
  "AWS::AppRunner::Service": { family: "compute", label: "App Runner service" },
  "AWS::Unknown": { family: "aws", label: "AWS service" },
};

/** What a node of this type is; a segment without an origin has none. */
export function kindOf(type: string | undefined): Kind {
  if (type === undefined) return { family: "service", label: "Service" };
  const known = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (known) return known;
  // `AWS::StepFunctions::StateMachine`: what follows `AWS::` says enough.
  if (type.startsWith("AWS::")) return { family: "aws", label: type.slice("AWS::".length).replaceAll("::", " ") };
  return { family: "service", label: type };
}

/** A name where there is little room: of a queue's URL and a topic's ARN, what tells it from others. */
export function shortName(name: string, type: string | undefined): string {
  const last = (separator: string) => name.split(separator).at(-1) || name;
  if (type === "AWS::SQS::Queue" && name.includes("://")) return last("/");
  if (name.startsWith("arn:")) return last(":");
  return name;
}
