/// Why a command failed: one line that says what is wrong, then what to do about it. Exit code 1.
struct CommandError: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
