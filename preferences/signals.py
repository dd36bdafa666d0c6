"""The signals of this app."""

from django.dispatch import Signal

# Sent in the transaction that starts, resumes or restarts a campaign: `campaign`, and how many
# slices of it should be sent side by side (`slices`). The gate's jobs answer it (receivers.py).
campaign_running = Signal()

# Sent in the transaction of a person's yes to topics, before it is recorded: `person`, `topics`. A
# receiver may refuse it by TopicRefused.
topics_wanted = Signal()
