"""Forms that parse what people type; services decide whether it is allowed."""

from accounts.forms.customers import CompanyForm, HandOverForm
from accounts.forms.desk import DeskForm
from accounts.forms.edit import EditForm, VersionedForm
from accounts.forms.offboarding import LastDayField, LastDayForm
from accounts.forms.people import AcceptForm, ProfileForm, RoleForm, WorkDetailsForm
from accounts.forms.requests import ASK_FORMS, AnswerForm, AskForm, LinesField, RefuseForm
from accounts.forms.strict import (
    ActForm,
    ConfirmationNameForm,
    LineField,
    SearchForm,
    StrictForm,
    first_error,
)
from accounts.forms.teams import (
    ChoosePersonForm,
    ChooseTeamForm,
    JoiningForm,
    RenameForm,
    TeamField,
    TeamForm,
)

__all__ = [
    "ASK_FORMS",
    "AcceptForm",
    "ActForm",
    "AnswerForm",
    "AskForm",
    "ChoosePersonForm",
    "ChooseTeamForm",
    "CompanyForm",
    "ConfirmationNameForm",
    "DeskForm",
    "EditForm",
    "HandOverForm",
    "JoiningForm",
    "LastDayField",
    "LastDayForm",
    "LineField",
    "LinesField",
    "ProfileForm",
    "RefuseForm",
    "RenameForm",
    "RoleForm",
    "SearchForm",
    "StrictForm",
    "TeamField",
    "TeamForm",
    "VersionedForm",
    "WorkDetailsForm",
    "first_error",
]
