"""The API of members, departments, invitations, support, tokens and jobs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.core.api import OrganizationViewSet, ReadViewSet, ReferenceField
from apps.organizations.enums import Role, TokenScope
from apps.organizations.filters import JobFilter, MemberFilter
from apps.organizations.models import (
    ApiToken,
    Department,
    Invitation,
    Job,
    Member,
    Organization,
    SupportGrant,
    User,
)
from apps.organizations.selectors import operators, people, visible_jobs
from apps.organizations.services import (
    add_member,
    cancel_job,
    change_member,
    change_organization,
    create_token,
    grant_support,
    invite_member,
    revoke_invitation,
    revoke_support,
    revoke_token,
    save_department,
)


class MemberAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "apps.organizations.authentication.MemberAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Token <your token>, made on the organization's settings page.",
        }


class DepartmentSerializer(serializers.ModelSerializer):
    manager = ReferenceField(Member, "username", required=False, allow_null=True)

    class Meta:
        model = Department
        fields = ["id", "code", "name", "manager"]
        validators: list[Any] = []


class DepartmentViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadViewSet):
    """Departments; writing one with a known code changes it."""

    model = Department
    serializer_class = DepartmentSerializer
    http_method_names = ["get", "post", "patch", "head", "options"]
    permissions = {
        "list": "organizations.department.view",
        "retrieve": "organizations.department.view",
        "create": "organizations.settings.change",
        "partial_update": "organizations.settings.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("manager")

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = save_department(**serializer.validated_data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        wish = {"name": row.name, "manager": row.manager, **serializer.validated_data, "code": row.code}
        serializer.instance = save_department(**wish, actor=self.member)


class MemberSerializer(serializers.ModelSerializer):
    department = ReferenceField(Department, "code", required=False, allow_null=True)
    roles = serializers.ListField(child=serializers.ChoiceField(Role.choices), required=False)
    has_login = serializers.SerializerMethodField()

    class Meta:
        model = Member
        fields = ["id", "username", "name", "email", "department", "roles", "is_active", "has_login"]
        validators: list[Any] = []

    def get_has_login(self, row: Member) -> bool:
        return row.user_id is not None


class MemberViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadViewSet):
    """People of the organization. The staff code stays as it was made; nobody is deleted, only made inactive."""

    model = Member
    serializer_class = MemberSerializer
    filterset_class = MemberFilter
    http_method_names = ["get", "post", "patch", "head", "options"]
    permissions = {
        "list": "organizations.member.view",
        "retrieve": "organizations.member.view",
        "create": "organizations.member.change",
        "partial_update": "organizations.member.change",
    }

    def get_queryset(self) -> Any:
        return Member.objects.none() if getattr(self, "swagger_fake_view", False) else people()

    def perform_create(self, serializer: Any) -> None:
        data = {"roles": [], **serializer.validated_data}
        data.pop("is_active", None)
        serializer.instance = add_member(data.pop("username"), **data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        data = {k: v for k, v in serializer.validated_data.items() if k != "username"}
        serializer.instance = change_member(serializer.instance, **data, actor=self.member)


class InvitationSerializer(serializers.ModelSerializer):
    roles = serializers.ListField(child=serializers.ChoiceField(Role.choices), allow_empty=False)
    member = ReferenceField(Member, "username", required=False, allow_null=True)
    invited_by = serializers.SlugRelatedField("username", read_only=True)
    link = serializers.CharField(read_only=True, help_text=_("Only in the answer that made it."))

    class Meta:
        model = Invitation
        fields = [
            "id",
            "email",
            "name",
            "roles",
            "member",
            "invited_by",
            "expires_at",
            "accepted_at",
            "revoked_at",
            "created_at",
            "link",
        ]
        read_only_fields = ["expires_at", "accepted_at", "revoked_at", "created_at"]


class InvitationViewSet(mixins.CreateModelMixin, ReadViewSet):
    """Links by mail that make their readers members."""

    model = Invitation
    serializer_class = InvitationSerializer
    permissions = {
        "list": "organizations.member.view",
        "retrieve": "organizations.member.view",
        "create": "organizations.member.change",
        "revoke": "organizations.member.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("member", "invited_by")

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = invite_member(**serializer.validated_data, actor=self.member)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Any, pk: Any) -> Response:
        return Response(self.get_serializer(revoke_invitation(self.get_object(), actor=self.member)).data)


class OperatorField(ReferenceField):
    """An operator of the platform, by username; other logins do not exist here."""

    def get_queryset(self) -> Any:
        return operators()


class SupportGrantSerializer(serializers.ModelSerializer):
    operator = OperatorField(User, "username")
    granted_by = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = SupportGrant
        fields = ["id", "operator", "reason", "granted_by", "ends_at", "revoked_at", "created_at"]
        read_only_fields = ["revoked_at", "created_at"]


class SupportGrantViewSet(mixins.CreateModelMixin, ReadViewSet):
    """The owner's leave for a platform operator to look, until a moment."""

    model = SupportGrant
    serializer_class = SupportGrantSerializer
    permissions = {
        "list": "organizations.support.view",
        "retrieve": "organizations.support.view",
        "create": "organizations.support.grant",
        "revoke": "organizations.support.grant",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("operator", "granted_by")

    def perform_create(self, serializer: Any) -> None:
        data = serializer.validated_data
        serializer.instance = grant_support(
            data["operator"], reason=data["reason"], until=data["ends_at"], actor=self.member
        )

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Any, pk: Any) -> Response:
        return Response(self.get_serializer(revoke_support(self.get_object(), actor=self.member)).data)


class ApiTokenSerializer(serializers.ModelSerializer):
    member = ReferenceField(Member, "username")
    scopes = serializers.ListField(child=serializers.ChoiceField(TokenScope.choices), required=False)
    secret = serializers.CharField(read_only=True, help_text=_("Only in the answer that made it."))

    class Meta:
        model = ApiToken
        fields = ["id", "name", "member", "scopes", "created_at", "secret"]
        read_only_fields = ["created_at"]


class ApiTokenViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, ReadViewSet):
    """Tokens for programs. The secret is told once; deleting a token ends it."""

    model = ApiToken
    serializer_class = ApiTokenSerializer
    permissions = {
        "list": "organizations.token.view",
        "retrieve": "organizations.token.view",
        "create": "organizations.token.manage",
        "destroy": "organizations.token.manage",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("member")

    def perform_create(self, serializer: Any) -> None:
        data = dict(serializer.validated_data)
        token, token.secret = create_token(data.pop("member"), **data, actor=self.member)
        serializer.instance = token

    def perform_destroy(self, instance: ApiToken) -> None:
        revoke_token(instance, actor=self.member)


class JobSerializer(serializers.ModelSerializer):
    requested_by = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "key",
            "state",
            "requested_by",
            "done",
            "total",
            "message",
            "result",
            "cancel_requested",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class JobViewSet(ReadViewSet):
    """Long work: how far it is, what came of it."""

    model = Job
    serializer_class = JobSerializer
    filterset_class = JobFilter
    permissions = {
        "list": "organizations.job.view",
        "retrieve": "organizations.job.view",
        "cancel": "organizations.job.cancel",
    }

    def get_queryset(self) -> Any:
        return Job.objects.none() if getattr(self, "swagger_fake_view", False) else visible_jobs(self.member)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Any, pk: Any) -> Response:
        return Response(self.get_serializer(cancel_job(self.get_object(), actor=self.member)).data)


class OrganizationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Organization
        fields = ["code", "name", "time_zone", "currency", "language", "is_demo", "created_at"]
        read_only_fields = ["code", "is_demo", "created_at"]


class CurrentOrganizationViewSet(OrganizationViewSet):
    """The organization that the address names."""

    model = Organization
    serializer_class = OrganizationSerializer
    pagination_class = None
    permissions = {
        "current": "organizations.settings.view",
        "change": "organizations.settings.change",
    }

    @action(detail=False)
    def current(self, request: Any) -> Response:
        return Response(self.get_serializer(request._request.organization).data)

    @current.mapping.patch
    def change(self, request: Any) -> Response:
        organization = request._request.organization
        wish = self.get_serializer(organization, data=request.data, partial=True)
        wish.is_valid(raise_exception=True)
        changed = change_organization(organization, **wish.validated_data, actor=self.member)
        return Response(self.get_serializer(changed).data)


def register(router: Any) -> None:
    router.register("departments", DepartmentViewSet, "department")
    router.register("members", MemberViewSet, "member")
    router.register("invitations", InvitationViewSet, "invitation")
    router.register("support-grants", SupportGrantViewSet, "support-grant")
    router.register("tokens", ApiTokenViewSet, "token")
    router.register("jobs", JobViewSet, "job")
    router.register("organization", CurrentOrganizationViewSet, "organization")
