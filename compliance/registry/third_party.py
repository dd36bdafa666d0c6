"""The data items that libraries hold, beside those named with the accounts and portals."""

from django.utils.translation import gettext_lazy as _

from compliance.registry.items import (
    Basis,
    DataItem,
    Erase,
    NotPersonal,
    Purpose,
    Retention,
    Source,
    Start,
    Table,
    Viewer,
)

ITEMS = [
    DataItem(
        code="staff_records",
        label=_("Work of the provider's staff"),
        holds=_("Approvals by members of staff, and their changes in the administration."),
        whose=_("the provider's staff"),
        sources=(Source.HUB,),
        purposes=(Purpose.PROOF, Purpose.SECURITY),
        basis=Basis.INTEREST,
        seen_by=(Viewer.OPERATORS,),
        retention=Retention(None, Start.CREATED),
        erase=Erase.KEEP,
        kept_why=_("It proves who decided for the provider."),
        tables=(
            Table("preferences.Activation", "id notice_class staff at", actor="staff"),
            Table(
                "compliance.PolicyVersion",
                "id written_by published_by withdrawn_by",
                actor="written_by published_by withdrawn_by",
            ),
            Table(
                "compliance.Announcement",
                "id announced_by alone_reason",
                actor="announced_by",
            ),
            Table("compliance.RetentionApproval", "id rule days found by at", actor="by"),
            Table(
                "admin.LogEntry",
                "id action_time user content_type object_id object_repr action_flag change_message",
                actor="user",
            ),
        ),
    ),
    DataItem(
        code="jobs",
        label=_("Work in progress"),
        holds=_("Tasks of the hub that run in the background, such as sending an email to you."),
        whose=_("everybody for whom the hub does something"),
        sources=(Source.HUB,),
        purposes=(Purpose.OPERATION,),
        basis=Basis.CONTRACT,
        seen_by=(Viewer.NOBODY,),
        retention=Retention(
            14,
            Start.SETTLED,
            by="preferences.management.commands.worker.forget_done_jobs",
        ),
        erase=Erase.KEEP,
        kept_why=_("It is deleted after a day, or after 14 days if it failed."),
        not_exported=_("It repeats for a short time what the other parts of this file say."),
        tables=(
            Table(
                "django_tasks_database.DBTaskResult",
                "id status enqueued_at started_at finished_at args_kwargs priority task_path"
                " worker_ids queue_name backend_name run_after return_value exception_class_path"
                " traceback",
                hidden="args_kwargs return_value traceback",
            ),
        ),
    ),
]

_LIBRARY = "A list of the programs' own."

NOT_PERSONAL = [
    NotPersonal("auth.Permission", _LIBRARY),
    NotPersonal("auth.Group", "Teams and groups of staff by name; their members are elsewhere."),
    NotPersonal("auth.Group_permissions", _LIBRARY),
    NotPersonal("contenttypes.ContentType", _LIBRARY),
    NotPersonal("guardian.GroupObjectPermission", "Never filled: TeamGrant takes its place."),
    NotPersonal("allauth_idp_oidc.Client", "Portals' credentials; the hub sets no owner."),
]
