/// Why a command failed: one line that says what is wrong, then what to do about it.
package struct CommandError: Error, Hashable, CustomStringConvertible {
    package var description: String
    /// The exit code.
    package var status: Int32

    package init(_ description: String, status: Int32 = 1) {
        self.description = description
        self.status = status
    }
}

/// Arguments that parse but make no sense. Exit code 2.
package struct UsageError: Error, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
