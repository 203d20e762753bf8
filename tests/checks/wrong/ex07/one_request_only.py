# Never sends two requests in one test.
# fails: test_a_broken_app_is_noticed[mixes_requests]

del test_each_request_sends_its_own
