"""Load tests of the app with locust: many users of the API at once, on this machine only."""
