/// Columns of text, each as wide as its widest cell.
package struct TextTable {
    package struct Cell: ExpressibleByStringLiteral {
        package var text: String
        package var style: Style?
        package var isNumber = false

        package init(_ text: String, _ style: Style? = nil) {
            self.text = text
            self.style = style
        }

        package init(stringLiteral value: String) { self.init(value) }

        /// A number: aligned right, thousands apart.
        package init(number: some BinaryInteger) {
            self.init(Quantity.grouped(number))
            isNumber = true
        }
    }

    private let headings: [String]
    private var rows: [[Cell]] = []

    package init(_ headings: [String]) { self.headings = headings }

    /// - Precondition: as many cells as headings.
    package mutating func append(_ cells: [Cell]) {
        precondition(cells.count == headings.count, "a row has \(cells.count) cells for \(headings.count) headings")
        rows.append(cells)
    }

    /// The lines, without trailing blanks. A column without any text in its cells is left out.
    package func lines(colored: Bool) -> [String] {
        let shown = headings.indices.filter { column in rows.contains { !$0[column].text.isEmpty } }
        let widths = shown.map { column in
            rows.reduce(headings[column].count) { max($0, $1[column].text.count) }
        }
        let heading = headings.map { Cell($0, .heading) }
        return ([heading] + rows).map { row in
            line(shown.map { row[$0] }, widths: widths, rightAligned: shown.map(isNumeric), colored: colored)
        }
    }

    private func isNumeric(_ column: Int) -> Bool { rows.contains { $0[column].isNumber } }

    private func line(_ cells: [Cell], widths: [Int], rightAligned: [Bool], colored: Bool) -> String {
        var result = ""
        for (index, cell) in cells.enumerated() {
            let blanks = String(repeating: " ", count: widths[index] - cell.text.count)
            let text = if colored, let style = cell.style { style.apply(to: cell.text) } else { cell.text }
            let isLast = index == cells.count - 1
            result += rightAligned[index] ? blanks + text : (isLast ? text : text + blanks)
            if !isLast { result += "  " }
        }
        while result.last == " " { result.removeLast() }
        return result
    }
}
