// SPDX-License-Identifier: Apache-2.0

import Mustache

/// The embedded templates, parsed once.
enum Templates {
    /// Fills a template.
    ///
    /// - Throws: ``PageError`` `.brokenTemplate`.
    static func render(_ name: String, _ content: [String: Any]) throws(PageError) -> String {
        guard let text = try library.get().render(content, withTemplate: name) else {
            throw PageError(.brokenTemplate, what: "cannot show the page `\(name)`", why: "there is no such template")
        }
        return text
    }

    /// What the frame around each page needs.
    ///
    /// - Parameters:
    ///   - project: The project's name.
    ///   - title: The page's own title.
    ///   - refreshes: Whether the page looks for news by itself.
    ///   - script: What the page does.
    ///   - home: Where the name at the top leads.
    /// - Returns: Values for the template `layout`.
    static func frame(
        project: String,
        title: String,
        refreshes: Bool,
        script: String = "gyre.js",
        home: String = "/"
    ) -> [String: Any] {
        [
            "project": project,
            "title": title,
            "refreshes": refreshes,
            "stylesheet": address(of: "gyre.css"),
            "script": address(of: script),
            "home": home,
            "isProject": home == "/",
            "icon": address(of: "gyre.svg"),
        ]
    }

    /// Carries the content's hash, so that a browser may keep the asset for good.
    private static func address(of asset: String) -> String {
        guard let version = WebAsset.named(asset)?.version else { return "/assets/\(asset)" }
        return "/assets/\(asset)?v=\(version)"
    }

    private static let library: Result<MustacheLibrary, PageError> = {
        MustacheContentTypes.register(ScalarEscaping(), named: ScalarEscaping.name)
        var library = MustacheLibrary()
        for (name, text) in WebAsset.templates {
            do {
                // Every template and partial states the escaping itself, so that none can be rendered without.
                try library.register("{{% CONTENT_TYPE:\(ScalarEscaping.name)}}\n\(text)", named: name)
            } catch {
                return .failure(
                    PageError(
                        .brokenTemplate,
                        what: "cannot read the template `\(name)`",
                        why: "it does not parse as Mustache",
                        cause: error
                    )
                )
            }
        }
        return .success(library)
    }()
}

/// HTML escaping by Unicode scalar.
///
/// Mustache's own goes by character, and a quote followed by a combining mark is one character that is no quote: it would
/// end an attribute unescaped. Control characters, which HTML does not allow, and marks that turn the direction of text are
/// shown as a replacement character.
struct ScalarEscaping: MustacheContentType {
    static let name = "GYRE_HTML"

    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            case "\t", "\n", "\r": escaped.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                escaped.append("\u{FFFD}")
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
