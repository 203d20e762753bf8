# The settings are read at import.
# fails: test_in_this_process_it_is_tried_again, test_settings_are_read_when_they_are_needed

SETTINGS = Settings()


def get_settings() -> Settings:
    return SETTINGS
