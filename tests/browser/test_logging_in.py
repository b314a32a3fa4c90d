"""Logging in by two steps as people do it, by the keyboard alone; and pages outside the admin's walls."""

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import STEP_SECONDS, Screen, keep_screenshot
from tests.marks import in_browser
from tests.staff.people import PASSWORD, shown_code

pytestmark = in_browser


def log_in(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/login/?next=/admin/two-step/")
    assert_accessible(page)
    page.locator("input[name=username]").focus()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def turn_on(page: Page, code: str) -> str:
    """Returns the first backup code."""
    expect(page.locator("svg.qr")).to_be_visible()
    assert_accessible(page)
    keep_screenshot(page, "two-step-off")
    page.locator("input[name=password]").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    first = page.locator(".two-step-codes code").first
    expect(first).to_be_visible()
    assert_accessible(page)
    keep_screenshot(page, "two-step-codes")
    return first.inner_text()


def log_out(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/two-step/")
    assert_accessible(page)
    keep_screenshot(page, "two-step-on")
    page.locator("#logout-form").evaluate("form => form.submit()")
    page.wait_for_url(f"{web}/admin/logout/")


def give_code(page: Page, code: str) -> None:
    page.locator("input[name=code]").wait_for()
    assert_accessible(page)
    keep_screenshot(page, "second-step")
    page.locator("input[name=code]").focus()
    page.keyboard.type("000000" if code != "000000" else "000001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)
    page.locator("input[name=code]").fill("")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/two-step/")


def test_two_steps_are_turned_on_and_taken_by_the_keyboard(screen: Screen, web: str) -> None:
    # The web process knows no quick hashes of tests.
    password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    anna = User.objects.create(username="anna", password=password, is_staff=True)
    screen(log_in, web)
    secret = screen(lambda page: page.locator(".two-step-secret").inner_text())

    backup_code = screen(turn_on, shown_code(pyotp.TOTP(secret.replace(" ", ""))))
    screen(log_out, web)
    screen(log_in, web)
    screen(give_code, backup_code)

    assert anna.authenticator.backup_codes.filter(used_at=None).count() == 9


def test_the_page_about_the_api_works_under_its_policy(screen: Screen, web: str) -> None:
    def look(page: Page) -> None:
        page.goto(f"{web}/api/docs")
        page.locator(".opblock").first.wait_for()
        page.locator(".opblock-summary").first.click()
        page.locator(".opblock-body").first.wait_for()

    screen(look)


@pytest.mark.parametrize("where", ["/admin/login/", "/api/docs"])
def test_what_is_smuggled_into_a_page_does_not_run_and_is_an_error(
    chromium: Browser, browser_thread: ThreadPoolExecutor, web: str, where: str
) -> None:
    """Else no walk through the pages would notice a script that their policy forbids."""

    def smuggle() -> tuple[bool, list[str]]:
        context = chromium.new_context()
        page, errors = context.new_page(), []
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.goto(f"{web}{where}")
        page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "window.smuggled = true";
              document.head.append(script);
              document.body.insertAdjacentHTML("beforeend", `<img src="https://evil.example.com/x">`);
            }"""
        )
        ran = page.evaluate("window.smuggled === true")
        context.close()
        return ran, errors

    ran, errors = browser_thread.submit(smuggle).result(STEP_SECONDS)

    assert not ran
    assert len([error for error in errors if "Content Security Policy" in error]) == 2
