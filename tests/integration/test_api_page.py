"""The documentation that the demo points at."""

import re

from lsos.core.http.api_page import page
from tests.conftest import Api


async def test_the_page_lists_every_operation_and_loads_nothing(api: Api) -> None:
    answer = await api.http.get("/schema")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    document = (await api.http.get("/schema/openapi.json")).json()
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["operationId"] in answer.text
    assert "<script" not in answer.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_texts_stay_texts() -> None:
    mean = "<script>alert(1)</script>"
    operation = {"operationId": mean, "description": mean, "tags": [mean], "responses": {}}
    schema = {"info": {"title": mean, "version": mean}, "paths": {f"/{mean}": {"get": operation}}}
    assert "<script" not in page(schema)
