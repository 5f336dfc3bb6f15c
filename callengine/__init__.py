"""callengine: a contact-centre engine beside Asterisk; see docs/design.md for the house."""

__version__ = "0.1.0"
