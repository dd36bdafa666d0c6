"""The provider's duties to its people: policies, breaches, log requests, personal data."""
