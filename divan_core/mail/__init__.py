"""Where mail goes: the adapters of auth's ``Mailer``."""
