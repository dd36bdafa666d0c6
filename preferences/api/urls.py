"""/api/v1/: the choices of the signed-in person, and the evaluation for portals."""

from django.urls import path

from preferences.api import choices, evaluation

app_name = "preferences-api"

urlpatterns = [
    path("choices/", choices.ChoiceList.as_view(), name="choice-list"),
    path("choices/<slug:topic>/", choices.ChoiceDetail.as_view(), name="choice-detail"),
    path("stop-all-optional/", choices.ChoiceStop.as_view(), name="choice-stop-all"),
    path("resume-optional/", choices.ChoiceResume.as_view(), name="choice-resume"),
    path("delivery/", choices.Delivery.as_view(), name="delivery"),
    path("consents/", choices.ConsentList.as_view(), name="consent-list"),
    path("preferences/evaluation", evaluation.Evaluation.as_view(), name="evaluation"),
    path("preferences/evaluations", evaluation.Evaluations.as_view(), name="evaluations"),
]
