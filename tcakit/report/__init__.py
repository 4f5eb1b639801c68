"""What people read: one run as numbers, as a page that opens offline, and as a summary at the terminal."""

from tcakit.report.data import ReportData, run_of_row
from tcakit.report.page import render
from tcakit.report.summary import summarise
from tcakit.report.terminal import print_summary

__all__ = ["ReportData", "print_summary", "render", "run_of_row", "summarise"]
