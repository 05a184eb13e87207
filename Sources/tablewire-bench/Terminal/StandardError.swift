import Glibc

/// Standard error: what is written goes out at once, in one call.
enum StandardError {
    static let isTerminal = isatty(STDERR_FILENO) == 1

    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // When even this cannot be written there is nobody left to tell.
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// One line on a terminal's standard error that says what is being done; nothing anywhere else.
enum Progress {
    static func show(_ text: String) {
        if StandardError.isTerminal { StandardError.write("\r\u{1B}[K\(text)") }
    }

    /// Leaves no trace of the line.
    static func clear() {
        if StandardError.isTerminal { StandardError.write("\r\u{1B}[K") }
    }
}
