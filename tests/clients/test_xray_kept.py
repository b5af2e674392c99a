"""What X-Ray keeps for an account, through boto3 and over a restart: groups, tags, policies, settings, retrievals."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

import fluoro
from tools import Boto, new_root, new_span, put_segments, segment, until


def refused(code: str, call, **members) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**members)
    assert refusal.value.response["Error"]["Code"] == code
    return refusal.value.response["Error"]["Message"]


def test_what_is_kept_survives_a_restart(tmp_path: Path):
    server = fluoro.Server(tmp_path / "data")
    xray = Boto(server.endpoint).client("xray")
    tags = [{"Key": "team", "Value": "red"}]
    group = xray.create_group(GroupName="faults", FilterExpression="fault", Tags=tags)["Group"]
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": ["xray:PutTraceSegments"], "Resource": "*",
    }]}
    for revision in ("1", "2"):
        put = xray.put_resource_policy(PolicyName="sns", PolicyDocument=json.dumps(policy, indent=2))["ResourcePolicy"]
        assert put["PolicyRevisionId"] == revision
    assert '"Action":"xray:PutTraceSegments"' in put["PolicyDocument"]
    xray.put_encryption_config(Type="KMS", KeyId="alias/traces")
    xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 42}})
    failed, fine = new_root(), new_root()
    put_segments(server.endpoint, segment(name="shop", trace_id=failed, fault=True), segment(name="shop", trace_id=fine))

    def names_in_group(xray) -> list[str]:
        now = time.time()
        graph = xray.get_service_graph(StartTime=now - 600, EndTime=now + 5, GroupName="faults")
        return sorted({node["Name"] for node in graph["Services"]})

    def check(xray) -> None:
        assert xray.get_group(GroupARN=group["GroupARN"])["Group"] == group
        assert [one["GroupName"] for one in xray.get_groups()["Groups"]] == ["Default", "faults"]
        assert xray.list_tags_for_resource(ResourceARN=group["GroupARN"])["Tags"] == tags
        assert xray.list_resource_policies()["ResourcePolicies"] == [put]
        encryption = xray.get_encryption_config()["EncryptionConfig"]
        assert (encryption["Type"], encryption["KeyId"].endswith(":alias/traces")) == ("KMS", True)
        rule = xray.get_indexing_rules()["IndexingRules"][0]["Rule"]["Probabilistic"]
        assert rule["DesiredSamplingPercentage"] == 42
        assert names_in_group(xray) == ["shop"]
        now = time.time()
        found = xray.get_trace_summaries(StartTime=now - 600, EndTime=now + 5, FilterExpression='group.name = "faults"')
        assert [trace["Id"] for trace in found["TraceSummaries"]] == [failed]
        counts = requests.get(server.endpoint + "/_fluoro/groups", timeout=10).json()["groups"]
        assert [one["approximate_trace_count"] for one in counts] == [2, 1]
        assert [sum(minute["approximate_trace_count"] for minute in one["minutes"]) for one in counts] == [2, 1]
        doctor = requests.get(server.endpoint + "/_fluoro/doctor", timeout=10).json()
        stored = [one["setting"].split(" ")[0] for one in doctor["without_effect"] if one["of"] == "X-Ray in us-east-1"]
        assert stored == ["encryption", "resource"]

    check(xray)
    # The members are those of the time when the traces came, whatever is asked for now.
    xray.update_group(GroupName="faults", FilterExpression='annotation.run = "none"')
    assert names_in_group(xray) == ["shop"]
    xray.update_group(GroupName="faults", FilterExpression="fault")
    server.kill()
    server = fluoro.Server(tmp_path / "data")
    xray = Boto(server.endpoint).client("xray")
    check(xray)

    xray.untag_resource(ResourceARN=group["GroupARN"], TagKeys=["team"])
    assert xray.list_tags_for_resource(ResourceARN=group["GroupARN"])["Tags"] == []
    xray.delete_resource_policy(PolicyName="sns", PolicyRevisionId="2")
    xray.delete_group(GroupName="faults")
    again = xray.create_group(GroupName="faults", FilterExpression="fault")["Group"]
    assert again["GroupARN"] != group["GroupARN"] and names_in_group(xray) == []
    refused("ResourceNotFoundException", xray.tag_resource, ResourceARN=group["GroupARN"], Tags=tags)
    now = time.time()
    message = refused("InvalidRequestException", xray.get_service_graph,
                      StartTime=now - 600, EndTime=now, GroupARN=group["GroupARN"])
    assert message == "Group not found."
    server.stop()


def test_a_retrieval_finds_what_is_not_indexed():
    with fluoro.running() as server:
        xray = Boto(server.endpoint).client("xray")
        xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 0}})
        assert xray.update_trace_segment_destination(Destination="CloudWatchLogs")["Status"] == "PENDING"
        until("segments go to logs", lambda: xray.get_trace_segment_destination()["Status"] == "ACTIVE")
        root, other = new_root(), new_root()
        link = {"trace_id": other, "id": new_span(), "attributes": {"aws.xray.reserved.reference_type": "parent"}}
        put_segments(server.endpoint, segment(name="shop", trace_id=root, links=[link]))
        assert xray.batch_get_traces(TraceIds=[root])["Traces"] == []
        now = time.time()
        token = xray.start_trace_retrieval(TraceIds=[root, other], StartTime=now - 60, EndTime=now)["RetrievalToken"]
        until("all is found", lambda: xray.list_retrieved_traces(RetrievalToken=token)["RetrievalStatus"] == "COMPLETE")
        for spelling in ("XRAY", "OTEL"):
            answer = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat=spelling)
            [trace] = answer["Traces"]
            span = json.loads(trace["Spans"][0]["Document"])
            assert trace["Id"] == root and span["name"] == "shop"
        assert span["traceId"] == root.removeprefix("1-").replace("-", "") and span["kind"] == "SERVER"
        services = xray.get_retrieved_traces_graph(RetrievalToken=token)["Services"]
        links = [link for service in services for link in service["Links"]]
        assert links == [{"ReferenceType": "parent", "SourceTraceId": root, "DestinationTraceIds": [other]}]
        xray.cancel_trace_retrieval(RetrievalToken=token)
        refused("ResourceNotFoundException", xray.list_retrieved_traces, RetrievalToken="none")
