"""Takes orders: writes them to the table and announces them on the queue."""

import json
import os
import time
import uuid
from decimal import Decimal

import boto3
from aws_xray_sdk.core import patch, xray_recorder

patch(("boto3",))
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
queue = boto3.client("sqs")


def handler(event, context):
    match (event["httpMethod"], event["resource"]):
        case ("POST", "/orders"):
            return answer(201, create(json.loads(event["body"] or "{}", parse_float=Decimal)))
        case ("GET", "/report"):
            return answer(200, report())
        case ("POST", "/rush"):
            return rush()
    return answer(404, {"message": "no such path"})


def create(basket):
    order = {"id": str(uuid.uuid4()), "customer": basket.get("customer", "guest"), "lines": basket.get("lines", [])}
    with xray_recorder.in_subsegment("price the basket") as part:
        order["total"] = sum((line["price"] * line["count"] for line in order["lines"]), Decimal(0))
        part.put_annotation("customer", order["customer"])
        part.put_annotation("total", float(order["total"]))
        part.put_metadata("lines", len(order["lines"]), "basket")
    table.put_item(Item=order)
    queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"ordered": order["id"]}))
    return order


def report():
    with xray_recorder.in_subsegment("count the orders"):
        count = table.scan(Select="COUNT")["Count"]
    with xray_recorder.in_subsegment("add up slowly"):
        time.sleep(float(os.environ["REPORT_SECONDS"]))
    return {"orders": count}


def rush():
    with xray_recorder.in_subsegment("ask the till") as part:
        part.put_annotation("till", "closed")
    return answer(429, {"message": "too many orders, come back later"}, {"Retry-After": "1"})


def answer(status, body, headers=None):
    return {"statusCode": status, "headers": headers or {}, "body": json.dumps(body, default=float)}
