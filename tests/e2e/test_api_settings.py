"""Settings of the API that show from outside."""


def test_metrics_need_a_token_where_they_are_not_open_to_this_machine(make_server):
    server = make_server(api__metrics_open_to_loopback=False)
    assert server.ask("/metrics").status == 401
    answer = server.ask("/metrics", server.root_token("operator"))
    assert answer.status == 200 and "releve_frames_total" in answer.body


def test_a_proxy_does_not_open_the_metrics(shared):
    assert shared.ask("/metrics").status == 200
    assert shared.ask("/metrics", X_Forwarded_For="203.0.113.9").status == 401


def test_health_and_readiness(shared):
    assert shared.ask("/healthz").status == 200
    assert shared.ask("/readyz").status == 200
