"""A prediction is kept until it is committed to, then answered, remembered in this browser alone, and forgotten on demand."""

from support.axe import violations

CHAPTER = "book/residual-networks.html"
NUMBER, CHOICE = ".tip:has(.sg-number)", ".tip:has(.sg-choices)"


def progress(page):
    return page.locator(".sg-progress").all_text_contents()


def test_by_keyboard_a_reader_predicts_is_answered_and_remembered_until_it_is_to_be_forgotten(opened):
    with opened(360, "dark") as site:
        page = site.go(CHAPTER, unfold=False)
        question = page.locator(CHOICE)
        assert not page.locator("details.answer:visible").count() and not question.get_by_text("shortcut").count()
        folded = page.locator("#remove-one-block")
        said = page.locator(".note.dropdown", has_text="What it shows").locator(":scope > p").last
        assert not folded.is_visible() and not said.is_visible()

        question.get_by_role("radio").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        verdict = question.locator(".sg-verdict")
        assert verdict.inner_text() == "It is not as you predicted."
        assert verdict.evaluate("(node) => node === document.activeElement")
        assert question.locator("li").nth(1).inner_text().count("your prediction") == 1
        answered = [reason[:3] for reason in question.locator("li > p").all_inner_texts()]
        assert answered == ["No.", "No.", "Yes", "No."]
        assert "Yes" in question.locator(".sg-true").inner_text()
        assert folded.is_visible() and said.is_visible() and progress(page) == ["1 of 2 predicted"]

        asked = page.locator(NUMBER)
        slider = asked.get_by_role("slider")
        slider.focus()
        page.keyboard.press("Enter")  # nothing was predicted yet: there is nothing to commit to
        assert asked.locator("output").inner_text() == "no prediction yet"
        assert slider.get_attribute("aria-valuetext") == "no prediction yet"
        assert asked.get_by_role("button", name="Commit").is_disabled()
        assert not asked.locator(".sg-verdict").is_visible() and progress(page) == ["1 of 2 predicted"]
        page.keyboard.press("Home")
        assert slider.get_attribute("aria-valuetext") == "0\u00a0%"
        page.keyboard.press("Enter")
        said = asked.locator(".sg-verdict").inner_text()
        assert said.startswith("You predicted 0\u00a0%, and it is ")
        truth = said.split(" it is ")[1].split("\u00a0")[0]
        explained = asked.locator("form p:not(.sg-verdict)").all_inner_texts()
        assert explained[0][0].isupper() and not [text for text in explained if truth in text]
        aside = asked.get_by_text("In a chain each block reads")
        assert aside.is_visible() and not asked.get_by_text("Nearly: without").count()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert not site.problems
        assert violations(page, context=".admonition.tip") == []

        page = site.go(CHAPTER, unfold=False)
        assert question.locator(".sg-true").count() and aside.is_visible() and progress(page) == ["2 of 2 predicted"]
        page = site.go("book/index.html")
        assert progress(page) == ["2 of 2 predicted"]
        page.get_by_role("button", name="Forget my predictions").click()
        assert page.get_by_text("Forgotten.").is_visible() and progress(page) == []
        page = site.go(CHAPTER, unfold=False)
        assert not question.locator(".sg-true").count() and question.get_by_role("radio").first.is_enabled()

        answers = page.locator("details.answer:visible")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert answers.count() == 2 and folded.is_visible()
        assert page.locator(".sg-answers summary").all_inner_texts() == ["Answer 1", "Answer 2"]
        assert "Answer 2 is at the end" in page.locator(".tip").last.inner_text()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert answers.count() == 0 and not folded.is_visible()
        assert page.locator(".tip + details.answer").count() == 2 and not page.locator(".sg-answers").count()
        assert not site.problems


def test_where_the_thumb_lies_at_first_is_a_prediction_only_when_it_is_taken_there(opened):
    with opened() as site:
        page = site.go("book/paper-and-measurement.html", unfold=False)
        asked = page.locator(NUMBER)
        commit = asked.get_by_role("button", name="Commit")
        assert commit.is_disabled() and page.locator(CHOICE).first.get_by_role("button").is_disabled()
        asked.get_by_role("slider").click()
        assert commit.is_enabled() and asked.locator("output").inner_text().endswith("\u00a0comparisons")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        assert asked.locator("output").inner_text() == "1\u00a0comparison"
        assert not site.problems


def test_where_the_browser_keeps_nothing_or_nonsense_a_prediction_lasts_for_the_visit(opened):
    refused = """for (const name of ["getItem", "setItem"]) {
      const through = Storage.prototype[name];
      Storage.prototype[name] = function (key, ...rest) {
        if (key.startsWith("sg-")) throw new DOMException("no", "SecurityError");
        return through.call(this, key, ...rest);
      };
    }"""
    nonsense = """localStorage.setItem("sg-predictions", '{"residual-networks": {"residual-without-a-block": "<b>"}, "a": 3}');"""
    for script in (refused, nonsense):
        with opened() as site:
            site.page.add_init_script(script)
            page = site.go(CHAPTER, unfold=False)
            page.locator(CHOICE).get_by_role("radio").last.check()
            page.locator(CHOICE).get_by_role("button").click()
            assert page.locator(".sg-true").count() == 1 and progress(page) == ["1 of 2 predicted"]
            assert not site.problems


def test_without_scripts_the_answer_is_folded_below_its_question(browser, base):
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{base}{CHAPTER}")
        answer = page.locator("details.answer").last
        assert page.locator(CHOICE.replace(".sg-choices", "ol")).locator("li").count() == 4
        assert not answer.locator("li").first.is_visible()
        answer.locator("summary").click()
        assert answer.locator("li").first.is_visible()
    finally:
        context.close()
