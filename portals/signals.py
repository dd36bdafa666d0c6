"""The signals that this app sends, for upper apps to answer; the receivers are in `receivers.py`.

The comment above a signal says which arguments come with it, and what its receivers return.
"""

from django.dispatch import Signal

# request, customer: staff open a customer's page. Returns the HTML of a section for it, or "".
customer_page_shown = Signal()

# notice: a LogoutNotice was written. A receiver makes the job that sends it.
logout_notice_written = Signal()
