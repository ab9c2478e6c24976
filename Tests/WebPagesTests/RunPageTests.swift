// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WebPages

struct RunPageTests {
    @Test func `params, metrics, tags and inputs are on the page`() throws {
        let html = try Pages.runPage.render()
        for text in [
            "grandiose-shrike-514", "class_weight", "0.9649", "title=\"0.9649122807017544\"", "NaN",
            "mlflow.source.name",
            "data/train.csv", "title=\"md5:a4f9fd42c44397bf0661726dc124e432\">a4f9fd42<", "breast-cancer v2", "2.9 s",
            "href=\"/?experiment=1#runs\"", "/artifacts</code>",
        ] {
            #expect(html.contains(text), "\(text)")
        }
    }

    @Test func `a run without anything says so`() throws {
        let run = RunRow(id: "abc", name: "", experiment: "e", status: "RUNNING")
        let html = try RunPage(project: "p", nowMs: 0, run: run).render()
        for text in ["No metric was logged.", "No param was logged.", "No input is recorded.", "No tag is set."] {
            #expect(html.contains(text), "\(text)")
        }
    }

    @Test func `only a run that goes on looks for news`() throws {
        #expect(try !Pages.runPage.render().contains("data-refresh"))
        var page = Pages.runPage
        page.run.status = "RUNNING"
        #expect(try page.render().contains("data-refresh"))
    }

    @Test func `a message says what, why and what next`() throws {
        let html = try MessagePage(project: "p", what: "cannot show `x`", why: "there is none", next: "look at /")
            .render()
        for text in ["<h1>cannot show `x`</h1>", "there is none", "look at /"] { #expect(html.contains(text)) }
    }
}

struct FormatTests {
    @Test(
        arguments: [
            (nil, "–"), (.nan, "NaN"), (-.infinity, "−∞"), (0, "0"), (1, "1"), (0.904_761, "0.9048"),
            (12_430.26, "12430.3"),
            (0.000_000_123_45, "1.235e-7"), (-0.5, "−0.5"), (1e300, "1e300"), (9.9999e-5, "1e-4"),
        ] as [(Double?, String)]
    )
    func `numbers are as short as they may be`(value: Double?, text: String) {
        #expect(Format.number(value) == text)
    }

    @Test(
        arguments: [
            (nil, "–"), (0, "0"), (999, "999"), (1_000, "1\u{2009}000"), (-1_234_567, "−1\u{2009}234\u{2009}567"),
            (Int.min, "−9\u{2009}223\u{2009}372\u{2009}036\u{2009}854\u{2009}775\u{2009}808"),
        ] as [(Int?, String)]
    )
    func `counts have gaps between thousands`(value: Int?, text: String) {
        #expect(Format.count(value) == text)
    }

    @Test(
        arguments: [
            (5_000, "just now"), (59_000, "59 s ago"), (3_599_000, "59 min ago"), (86_399_000, "23 h ago"),
            (100_000_000, "yesterday"),
            (864_000_000, "10 days ago"), (-5_000, "just now"),
        ] as [(Int64, String)]
    )
    func `ages are told in one unit`(span: Int64, text: String) {
        #expect(Format.age(0, nowMs: span) == text)
    }

    @Test(
        arguments: [
            (999, "999 ms"), (2_900, "2.9 s"), (192_000, "3 min 12 s"), (14_700_000, "4 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ] as [(Int64, String)]
    )
    func `durations are told in two units`(span: Int64, text: String) {
        #expect(Format.duration(fromMs: 0, toMs: span) == text)
    }

    @Test func `numbers of a column end at the same decimal`() {
        #expect(
            Format.column([1, 0.9286, nil, 12.5, .nan, 1e-9]) == ["1.0000", "0.9286", "–", "12.5000", "NaN", "1e-9"]
        )
        #expect(Format.column([1, 20]) == ["1", "20"])
        #expect(Format.column([]) == [])
    }

    @Test func `times beyond reason do no harm`() {
        #expect(Format.iso(.max) == nil)
        #expect(Format.iso(.min) == nil)
        #expect(Format.age(.min, nowMs: .max) == "–")
        #expect(Format.duration(fromMs: .min, toMs: .max) == "–")
        #expect(Format.iso(0) == "1970-01-01T00:00:00Z")
    }
}
