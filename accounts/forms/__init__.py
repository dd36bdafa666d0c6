"""What people type, parsed; whether it is allowed or makes sense the services decide."""

from accounts.forms.customers import CompanyForm, HandOverForm
from accounts.forms.desk import DeskForm
from accounts.forms.people import AcceptForm, ProfileForm, RoleForm, WorkDetailsForm
from accounts.forms.requests import ASK_FORMS, AnswerForm, AskForm, RefuseForm
from accounts.forms.strict import ActForm, LineField, SearchForm, StrictForm, first_error

__all__ = [
    "ASK_FORMS",
    "AcceptForm",
    "ActForm",
    "AnswerForm",
    "AskForm",
    "CompanyForm",
    "DeskForm",
    "HandOverForm",
    "LineField",
    "ProfileForm",
    "RefuseForm",
    "RoleForm",
    "SearchForm",
    "StrictForm",
    "WorkDetailsForm",
    "first_error",
]
