"""Groups, tags, resource policies, encryption, transaction search."""

from __future__ import annotations

import json
import re
import time

import pytest
from tools import unique, until

GROUP = "arn:aws:xray:us-east-1:000000000000:group/"


def test_groups_live_and_change(xray):
    for insights, notifications in ((True, True), (True, False), (False, False)):
        name, expression = unique("group"), f'user = "{unique("user")}"'
        configuration = {"InsightsEnabled": insights, "NotificationsEnabled": notifications}
        made = xray.call(
            "CreateGroup", GroupName=name, FilterExpression=expression, InsightsConfiguration=configuration, Tags=[{"Key": "team", "Value": name}]
        )
        arn = made["Group"]["GroupARN"]
        assert re.fullmatch(re.escape(f"{GROUP}{name}/") + "[A-Z2-7]{52}", arn), arn
        group = {"GroupName": name, "GroupARN": arn, "FilterExpression": expression, "InsightsConfiguration": configuration}
        made.shows({"Group": group})
        xray.call("GetGroup", GroupName=name).shows({"Group": group})
        xray.call("GetGroup", GroupARN=arn).shows({"Group": group})
        xray.call("GetGroups").shows({"Groups": {"$contains": [group]}, "NextToken": None})
        xray.call("ListTagsForResource", ResourceARN=arn).shows({"Tags": [{"Key": "team", "Value": name}]})
        changed = group | {"FilterExpression": expression + " AND fault", "InsightsConfiguration": {"InsightsEnabled": insights, "NotificationsEnabled": insights and not notifications}}
        which = {"GroupName": name} if insights else {"GroupARN": arn}
        change = {member: changed[member] for member in ("FilterExpression", "InsightsConfiguration")}
        xray.call("UpdateGroup", **which, **change).shows({"Group": changed})
        xray.call("GetGroup", GroupName=name).shows({"Group": changed})
        xray.refuses("InvalidRequestException", "CreateGroup", f"{name} already exists", GroupName=name, FilterExpression=expression)
        xray.refuses("InvalidRequestException", "UpdateGroup", "Filter Expression is empty", GroupName=name)
        xray.call("DeleteGroup", **which)
        xray.refuses("InvalidRequestException", "GetGroup", "Group not found", GroupName=name)
        xray.refuses("InvalidRequestException", "DeleteGroup", "Group not found", GroupName=name)
    xray.refuses("InvalidRequestException", "GetGroups", "Next Token not supported", NextToken="made-up")


def test_tags_of_a_group(xray):
    arn = xray.call("CreateGroup", GroupName=unique("group"), FilterExpression="fault")["Group"]["GroupARN"]
    tags = [{"Key": unique("key"), "Value": unique("value")} for _ in range(3)]
    xray.call("TagResource", ResourceARN=arn, Tags=tags)
    xray.call("ListTagsForResource", ResourceARN=arn).shows({"Tags": {"$unordered": tags}, "NextToken": None})
    xray.call("UntagResource", ResourceARN=arn, TagKeys=[tags[0]["Key"], "absent"])
    xray.call("ListTagsForResource", ResourceARN=arn, NextToken="made-up").shows({"Tags": {"$unordered": tags[1:]}})
    many = [{"Key": f"k{number}", "Value": ""} for number in range(49)]
    text = "The resultant tag set must not have more than 50 user tags."
    xray.refuses("InvalidRequestException", "TagResource", text, ResourceARN=arn, Tags=many)
    xray.refuses("InvalidRequestException", "UntagResource", ResourceARN=arn, TagKeys=["aws:one"])
    nobody = f"{GROUP}{unique('nobody')}/{'A' * 52}"
    for operation, members in (("TagResource", {"Tags": tags}), ("UntagResource", {"TagKeys": ["a"]}), ("ListTagsForResource", {})):
        refusal = xray.refuses("ResourceNotFoundException", operation, ResourceARN=nobody, **members)
        assert refusal["ResourceName"] == nobody


def policy(action: str, principal: str = "sns.amazonaws.com") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": [action], "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)


def printed(text: str) -> str:
    """As the service prints it anew: no white space, one action as plain text."""
    document = json.loads(text)
    for statement in document["Statement"]:
        statement["Action"] = statement["Action"][0]
    return json.dumps(document, separators=(",", ":"))


def test_policies_have_revisions(xray):
    for action in ("xray:PutTraceSegments", "xray:GetSamplingRules"):
        name, text, before = unique("policy"), policy(action), int(time.time())
        made = xray.call("PutResourcePolicy", PolicyName=name, PolicyDocument=text, BypassPolicyLockoutCheck=True)
        at = made["ResourcePolicy"]["LastUpdatedTime"]
        assert before <= at <= time.time()
        first = {"PolicyName": name, "PolicyDocument": printed(text), "PolicyRevisionId": "1", "LastUpdatedTime": at}
        made.shows({"ResourcePolicy": first})
        again = xray.call("PutResourcePolicy", PolicyName=name, PolicyDocument=text, PolicyRevisionId="1")
        second = first | {"PolicyRevisionId": "2", "LastUpdatedTime": again["ResourcePolicy"]["LastUpdatedTime"]}
        again.shows({"ResourcePolicy": second})
        xray.call("ListResourcePolicies").shows({"ResourcePolicies": {"$contains": [second]}, "NextToken": None})
        text_of = "Another concurrent request has modified the resource policy " + name
        xray.refuses("InvalidPolicyRevisionIdException", "PutResourcePolicy", text_of, PolicyName=name, PolicyDocument=text, PolicyRevisionId="1")
        xray.refuses("InvalidPolicyRevisionIdException", "DeleteResourcePolicy", PolicyName=name, PolicyRevisionId="1")
        xray.call("DeleteResourcePolicy", PolicyName=name, PolicyRevisionId="2")
        xray.refuses("InvalidRequestException", "DeleteResourcePolicy", f"The resource policy {name} does not exist.", PolicyName=name)
    text = "NextToken is currently not supported"
    xray.refuses("InvalidRequestException", "ListResourcePolicies", text, NextToken="made-up")


def test_policies_that_are_refused(xray):
    good = policy("xray:PutTraceSegments")
    xray.refuses("MalformedPolicyDocumentException", "PutResourcePolicy", PolicyName=unique("policy"), PolicyDocument="not JSON")
    large = policy("xray:PutTraceSegments", "a" * 6000)
    xray.refuses("PolicySizeLimitExceededException", "PutResourcePolicy", PolicyName=unique("policy"), PolicyDocument=large)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "xray:PutResourcePolicy", "Resource": "*"}
    lockout = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    xray.refuses("LockoutPreventionException", "PutResourcePolicy", PolicyName=unique("policy"), PolicyDocument=lockout)
    names = [unique("policy") for _ in range(6)]
    for name in names[:5]:
        xray.call("PutResourcePolicy", PolicyName=name, PolicyDocument=good)
    xray.refuses("PolicyCountLimitExceededException", "PutResourcePolicy", PolicyName=names[5], PolicyDocument=good)
    for name in names[:5]:
        xray.call("DeleteResourcePolicy", PolicyName=name)


def test_encryption_keeps_its_key(xray):
    try:
        for last in "ef":
            arn = f"arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcde{last}"
            put = xray.call("PutEncryptionConfig", Type="KMS", KeyId=arn)
            put.shows({"EncryptionConfig": {"Type": "KMS", "KeyId": arn, "Status": "UPDATING"}})
            until_active(xray, {"Type": "KMS", "KeyId": arn})
    finally:
        xray.call("PutEncryptionConfig", Type="NONE").shows({"EncryptionConfig": {"Type": "NONE"}})
    until_active(xray, {"Type": "NONE"})
    xray.refuses("InvalidRequestException", "PutEncryptionConfig", Type="KMS")


def until_active(xray, expected: dict) -> None:
    def active() -> bool:
        answer = xray.call("GetEncryptionConfig")
        status = answer["EncryptionConfig"]["Status"]
        answer.shows({"EncryptionConfig": expected | {"Status": status}})
        return status == "ACTIVE"

    until("the key is in use", active)


def test_an_indexing_rule_keeps_its_percentage(xray):
    try:
        for percentage in (12.5, 50):
            before = int(time.time())
            rule = {"Probabilistic": {"DesiredSamplingPercentage": percentage}}
            answer = xray.call("UpdateIndexingRule", Name="Default", Rule=rule)
            at = answer["IndexingRule"]["ModifiedAt"]
            assert before <= at <= time.time() + 1
            applied = {"Probabilistic": rule["Probabilistic"] | {"ActualSamplingPercentage": percentage}}
            answer.shows({"IndexingRule": {"Name": "Default", "ModifiedAt": at, "Rule": applied}})
            xray.call("GetIndexingRules").shows({"IndexingRules": [{"ModifiedAt": at, "Rule": applied}]})
    finally:
        xray.call("UpdateIndexingRule", Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 1}})
    rule = {"Probabilistic": {"DesiredSamplingPercentage": 1}}
    xray.refuses("ResourceNotFoundException", "UpdateIndexingRule", Name="Other", Rule=rule)
    beyond = {"Probabilistic": {"DesiredSamplingPercentage": 101}}
    xray.refuses("InvalidRequestException", "UpdateIndexingRule", Name="Default", Rule=beyond)


@pytest.fixture
def destination(xray):
    yield
    xray.call("UpdateTraceSegmentDestination", Destination="XRay")


def test_the_destination_is_kept(xray, destination):
    # A key for the log group can be told once, before there is one.
    key = {"CloudWatchLogsConfiguration": {"SpansLogGroupKmsKeyId": "alias/spans"}}
    for wanted, more in (("CloudWatchLogs", key), ("XRay", {})):
        updated = xray.call("UpdateTraceSegmentDestination", Destination=wanted, **more)
        updated.shows({"Destination": wanted, "Status": "PENDING"})

        def active() -> bool:
            answer = xray.call("GetTraceSegmentDestination")
            answer.shows({"Destination": wanted, "Status": answer["Status"]})
            return answer["Status"] == "ACTIVE"

        until("the destination is in use", active)
    for wanted in ("CloudWatchLogs", "XRay"):
        xray.refuses("InvalidRequestException", "UpdateTraceSegmentDestination", Destination=wanted, **key)


def test_insights_are_refused_what_they_do_not_know(xray):
    now, nobody = int(time.time()), "6f1a0000-0000-4000-8000-000000000000"
    window = {"StartTime": now - 60, "EndTime": now}
    for operation in ("GetInsight", "GetInsightEvents"):
        xray.refuses("InvalidRequestException", operation, "Insight not found", InsightId=nobody)
    xray.refuses("InvalidRequestException", "GetInsightImpactGraph", "Insight not found", InsightId=nobody, **window)
    xray.refuses("InvalidRequestException", "GetInsightSummaries", "Group not found", GroupName=unique("nobody"), **window)
    text = "Invalid token made-up"
    xray.refuses("InvalidRequestException", "GetInsightSummaries", text, GroupName="Default", NextToken="made-up", **window)
