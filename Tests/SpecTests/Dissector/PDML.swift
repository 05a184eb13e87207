import Foundation
import FoundationXML

/// The packet details of `tshark -T pdml`.
struct PDML {
    struct Item {
        var name = ""
        /// The line that Wireshark shows.
        var line = ""
        /// The value as Wireshark prints it.
        var show = ""
        /// The bytes of the field in hexadecimal digits.
        var digits = ""
        var children: [Item] = []

        /// All items of that name below it.
        func all(_ name: String) -> [Item] {
            children.flatMap { ($0.name == name ? [$0] : []) + $0.all(name) }
        }

        func first(_ name: String) -> Item? { all(name).first }
    }

    private(set) var packets: [Item] = []

    /// - Throws: when the file is no XML.
    init(reading file: URL) throws {
        // In pieces: libxml2 refuses more than 10 MB at once.
        guard let stream = InputStream(url: file) else { throw CocoaError(.fileReadNoSuchFile) }
        let collector = Collector()
        let parser = XMLParser(stream: stream)
        parser.delegate = collector
        guard parser.parse() else { throw parser.parserError ?? CocoaError(.coderReadCorrupt) }
        packets = collector.packets
    }

    /// Puts the elements of each packet together.
    private final class Collector: NSObject, XMLParserDelegate {
        private(set) var packets: [Item] = []
        private var open: [Item] = []

        func parser(
            _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            guard element == "packet" || !open.isEmpty else { return }
            open.append(
                Item(
                    name: attributes["name"] ?? "", line: attributes["showname"] ?? "", show: attributes["show"] ?? "",
                    digits: attributes["value"] ?? ""))
        }

        func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
            guard let item = open.popLast() else { return }
            if open.isEmpty { packets.append(item) } else { open[open.count - 1].children.append(item) }
        }
    }
}
