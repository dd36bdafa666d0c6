"""The signals that this app sends; the receivers are in `receivers.py`."""

from django.dispatch import Signal

# file: somebody asked for a file that a job has to make.
sealed_file_asked = Signal()

# address, kind, language, at: somebody asks about the data of an address, known or not.
privacy_link_asked = Signal()
