from rest_framework.pagination import PageNumberPagination


class Pagination(PageNumberPagination):
    """50 rows a page unless asked otherwise, never more than 1,000."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 1000
