import pytest
import uvloop


@pytest.fixture(params=["asyncio", "uvloop"], scope="session")
def event_loop_policy(request):
    """Everything holds on both loops: a node runs on uvloop, a small tool may not."""
    import asyncio

    return asyncio.DefaultEventLoopPolicy() if request.param == "asyncio" else uvloop.EventLoopPolicy()
