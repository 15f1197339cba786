"""存真 Cunzhen: electronic archives for social-insurance agencies."""

__version__ = "0.1.0"
