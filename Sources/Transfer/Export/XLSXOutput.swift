// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// A workbook as Excel and LibreOffice open it: numbers and dates are such, the header is bold and stays in sight, each column
/// has a filter.
///
/// Texts are never formulas, whatever they begin with, and stay texts when somebody edits them.
///
/// - Source: ECMA-376, part 1, SpreadsheetML.
final class XLSXOutput: ExportOutput {
    /// The most rows of a sheet, its header among them, and the most columns: Excel's.
    static let rowLimit = 1_048_576
    static let columnLimit = 16_384
    /// The most characters of a cell, in units of UTF-16; longer texts are cut.
    static let textLimit = 32_767

    private enum Style: Int {
        case plain, header, date, guarded
    }

    private let zip: ZipFile
    private let path: FilePath
    private var sheets: [String] = []
    private var columns: [ExportColumn] = []
    private var names: [String] = []
    private var row = 0

    init(_ path: FilePath) throws {
        zip = try ZipFile(path)
        self.path = path
    }

    func begin(_ name: String, _ columns: [ExportColumn]) async throws {
        guard columns.count <= Self.columnLimit else {
            throw tooLarge(
                "the runs have \(columns.count) params, metrics and tags, and a sheet has \(Self.columnLimit) columns"
            )
        }
        if !sheets.isEmpty { try await endSheet() }
        sheets.append(name)
        self.columns = columns
        names = columns.indices.map { Self.columnName($0) }
        row = 0
        try await zip.begin("xl/worksheets/sheet\(sheets.count).xml")
        var text = Self.head + "<worksheet xmlns=\"\(Self.main)\"><sheetViews>"
        text += "<sheetView workbookViewId=\"0\"\(sheets.count == 1 ? " tabSelected=\"1\"" : "")>"
        text += "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView>"
        text += "</sheetViews><cols>"
        for (index, column) in columns.enumerated() {
            // Room for the button of the filter too.
            let width = min(max(column.width, 8), 60) + 3
            text += "<col min=\"\(index + 1)\" max=\"\(index + 1)\" width=\"\(width)\" customWidth=\"1\"/>"
        }
        text += "</cols><sheetData>"
        try await zip.append(Array(text.utf8))
        try await add([columns.map { .text($0.name) }], isHeader: true)
    }

    func add(_ rows: [[ExportCell]]) async throws { try await add(rows, isHeader: false) }

    private func add(_ rows: [[ExportCell]], isHeader: Bool) async throws {
        guard row + rows.count <= Self.rowLimit else {
            throw tooLarge(
                "the sheet `\(sheets.last ?? "")` would have more than \(Self.rowLimit) rows, the most that Excel opens"
            )
        }
        var bytes: [UInt8] = []
        for cells in rows {
            row += 1
            bytes += "<row r=\"\(row)\">".utf8
            for (index, cell) in cells.enumerated() { write(cell, names[index], isHeader: isHeader, into: &bytes) }
            bytes += "</row>".utf8
        }
        try await zip.append(bytes)
    }

    func finish() async throws {
        try await endSheet()
        for (name, text) in parts() {
            try await zip.begin(name)
            try await zip.append(Array((Self.head + text).utf8))
        }
        try await zip.commit()
    }

    private func endSheet() async throws {
        var text = "</sheetData>"
        if let last = names.last { text += "<autoFilter ref=\"A1:\(last)\(row)\"/>" }
        try await zip.append(Array((text + "</worksheet>").utf8))
    }

    private func tooLarge(_ why: String) -> TransferError {
        TransferError(
            .tooLarge,
            what: "cannot write `\(path)`",
            why: why,
            next: "export to `.parquet` or `.csv`, or choose fewer runs by `--filter`"
        )
    }

    // MARK: Cells

    private func write(_ cell: ExportCell, _ column: String, isHeader: Bool, into bytes: inout [UInt8]) {
        func number(_ text: String, _ style: Style) {
            let styled = style == .plain ? "" : " s=\"\(style.rawValue)\""
            bytes += "<c r=\"\(column)\(row)\"\(styled)><v>\(text)</v></c>".utf8
        }
        switch cell {
        case .none: return
        case .integer(let value):
            // Beyond that a number of Excel's would be another one.
            guard value.magnitude <= 999_999_999_999_999 else {
                return write(.text(String(value)), column, isHeader: isHeader, into: &bytes)
            }
            number(String(value), .plain)
        case .number(let value):
            guard value.isFinite else {
                let text = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
                return write(.text(text), column, isHeader: isHeader, into: &bytes)
            }
            number(Int64(exactly: value).map(String.init) ?? "\(value)", .plain)
        // Days since 1899-12-30.
        case .time(let milliseconds): number("\(Double(milliseconds) / 86_400_000 + 25_569)", .date)
        case .text(let text):
            let isRisky = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
            let style: Style = isHeader ? .header : isRisky ? .guarded : .plain
            let styled = style == .plain ? "" : " s=\"\(style.rawValue)\""
            bytes += "<c r=\"\(column)\(row)\"\(styled) t=\"inlineStr\"><is><t xml:space=\"preserve\">".utf8
            Self.escape(text, into: &bytes)
            bytes += "</t></is></c>".utf8
        }
    }

    /// Text of XML; what XML cannot hold is written `_xHHHH_`, as Excel does.
    static func escape(_ text: String, into bytes: inout [UInt8]) {
        var units = 0
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.first {
            units += scalar.value > 0xFFFF ? 2 : 1
            guard units <= textLimit else { return }
            switch scalar {
            case "&": bytes += "&amp;".utf8
            case "<": bytes += "&lt;".utf8
            case ">": bytes += "&gt;".utf8
            case "\r", "\u{0}"..<"\t", "\u{B}", "\u{C}", "\u{E}"..<" ", "\u{FFFE}", "\u{FFFF}":
                let digits = String(scalar.value, radix: 16, uppercase: true)
                bytes += "_x\(String(repeating: "0", count: 4 - digits.count))\(digits)_".utf8
            case "_" where isEscape(scalars): bytes += "_x005F_".utf8
            default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
            }
            scalars.removeFirst()
        }
    }

    /// Whether a text begins with what would be read as `_xHHHH_`.
    private static func isEscape(_ scalars: Substring.UnicodeScalarView) -> Bool {
        let start = Array(scalars.prefix(7))
        return start.count == 7 && start[1] == "x" && start[6] == "_"
            && start[2..<6].allSatisfy { $0.properties.isASCIIHexDigit }
    }

    /// The name of a column, counted from 0: A to Z, then AA.
    static func columnName(_ index: Int) -> String {
        var rest = index + 1
        var name = ""
        while rest > 0 {
            name = String(UnicodeScalar(UInt8(65 + (rest - 1) % 26))) + name
            rest = (rest - 1) / 26
        }
        return name
    }

    // MARK: The other parts

    private static let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    private static let relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    private static let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    private func parts() -> [(name: String, text: String)] {
        let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        let numbers = 1...sheets.count
        let overrides = numbers.map {
            "<Override PartName=\"/xl/worksheets/sheet\($0).xml\" ContentType=\"\(kind).worksheet+xml\"/>"
        }
        let listed = numbers.map { "<sheet name=\"\(sheets[$0 - 1])\" sheetId=\"\($0)\" r:id=\"rId\($0)\"/>" }
        let related = numbers.map {
            "<Relationship Id=\"rId\($0)\" Type=\"\(Self.office)/worksheet\" Target=\"worksheets/sheet\($0).xml\"/>"
        }
        return [
            (
                "xl/styles.xml",
                """
                <styleSheet xmlns="\(Self.main)"><numFmts count="1"><numFmt numFmtId="164" \
                formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/>\
                </font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill>\
                <patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>\
                <borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">\
                <xf xfId="0"/><xf fontId="1" applyFont="1" xfId="0"/><xf numFmtId="164" applyNumberFormat="1" xfId="0"/>\
                <xf numFmtId="49" quotePrefix="1" applyNumberFormat="1" xfId="0"/></cellXfs><cellStyles count="1">\
                <cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>
                """
            ),
            (
                "xl/workbook.xml",
                """
                <workbook xmlns="\(Self.main)" xmlns:r="\(Self.office)"><sheets>\(listed.joined())</sheets></workbook>
                """
            ),
            (
                "xl/_rels/workbook.xml.rels",
                """
                <Relationships xmlns="\(Self.relations)">\(related.joined())<Relationship Id="rId\(sheets.count + 1)" \
                Type="\(Self.office)/styles" Target="styles.xml"/></Relationships>
                """
            ),
            (
                "_rels/.rels",
                """
                <Relationships xmlns="\(Self.relations)"><Relationship Id="rId1" Type="\(Self.office)/officeDocument" \
                Target="xl/workbook.xml"/></Relationships>
                """
            ),
            (
                "[Content_Types].xml",
                """
                <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" \
                ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" \
                ContentType="application/xml"/><Override PartName="/xl/workbook.xml" \
                ContentType="\(kind).sheet.main+xml"/><Override PartName="/xl/styles.xml" \
                ContentType="\(kind).styles+xml"/>\(overrides.joined())</Types>
                """
            ),
        ]
    }
}
