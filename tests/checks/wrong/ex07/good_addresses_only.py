# Never tries what is no address.
# fails: test_a_broken_app_is_noticed[accepts_any_address], test_a_broken_app_is_noticed[sends_despite_422]

del test_what_is_no_address_is_refused
