internal import Glibc

/// One line on a terminal's standard error that says what is being done; nothing anywhere else.
package enum Progress {
    private static let isShown = Terminal.isTerminal(STDERR_FILENO)

    package static func show(_ text: String) {
        if isShown { StandardError.write("\r\u{1B}[K\(text)") }
    }

    /// Leaves no trace of the line.
    package static func clear() {
        if isShown { StandardError.write("\r\u{1B}[K") }
    }
}
