"""The application that granian serves: the front, with Django behind it."""

from hub.wsgi import application as django_application  # first: it loads Django

# isort: split
from hub.front.application import Front
from hub.front.pages import Pages
from portals.decision import Checker
from portals.decision.pipelined import Pipelines

application = Front(Pages(django_application), Checker().answer_check, Pipelines().first_row)
