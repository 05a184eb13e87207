import Glibc

/// What the place that we print to can do.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Colour is for people: not in files and pipes, not when they said NO_COLOR.
    package static func wantsColor(_ descriptor: Int32) -> Bool {
        isTerminal(descriptor) && (Environment.value("NO_COLOR") ?? "").isEmpty && Environment.value("TERM") != "dumb"
    }
}

/// The environment of this process.
package enum Environment {
    package static func value(_ name: String) -> String? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}

/// How a piece of text looks on a terminal.
package enum Style: String {
    case good = "32"
    case warning = "33"
    case bad = "31"
    case faint = "2"
    case heading = "1"

    package func apply(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
}
