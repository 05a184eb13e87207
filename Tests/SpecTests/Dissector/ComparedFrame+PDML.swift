/// How the lines of Wireshark become values that can be compared:
///
/// - "name: text (number)" is the text: an enumeration's name, an error, a time. "Unknown (number)" is the number.
/// - 0x digits are the digits. True and False are what they say.
/// - A text or bytes are their bytes. An id, a nonce, a TLV are their digits: Wireshark's line shows neither quotes nor 0x for them.
/// - `X.isPresent` that is 0 means that `X` is absent, and otherwise nothing.
/// - `X.element` below `X` is an element of the list `X`, which is a number itself.
extension ComparedFrame {
    /// The frames of a packet, which one end of a connection sent to the other.
    static func frames(in packet: PDML.Item, from: String, to: String) -> [ComparedFrame] {
        let time = packet.first("timestamp")?.digits ?? ""
        return packet.all("tablewire").compactMap { item in
            guard let header = item.first("tablewire.frame") else { return nil }
            var frame = ComparedFrame(from: from, to: to)
            frame.values["time"] = .name(time)
            for name in ["lane", "sequence", "stream", "type", "flags", "bodyLength"] {
                frame.values[name] = header.first("tablewire.frame.\(name)").flatMap { value(of: $0, name) }
            }
            frame.isCut = item.children.contains { $0.name == "tablewire.cut" }
            for child in item.children {
                switch child.name {
                case "tablewire.body": frame.values["body"] = .name(child.digits)
                case "tablewire.frame", "tablewire.part", "tablewire.cut": continue
                case let name where name.hasPrefix("tablewire."): frame.add(child, below: name, path: "fields")
                default: continue
                }
            }
            return frame
        }
    }

    /// Adds what stands below an item whose fields have names that begin with `prefix`.
    private mutating func add(_ item: PDML.Item, below prefix: String, path: String) {
        var index = 0
        for child in item.children where child.name.hasPrefix("tablewire.") && !child.name.hasPrefix("tablewire.expert.") {
            let name = String(child.name.dropFirst(prefix.count + 1))
            if name == "element" {
                if child.children.isEmpty {
                    values["\(path)[\(index)]"] = Self.value(of: child, name)
                } else {
                    add(child, below: prefix, path: "\(path)[\(index)]")
                }
                index += 1
            } else if let field = name.wholeMatch(of: #/(\w+)\.isPresent/#)?.output.1 {
                if child.show == "0" { values["\(path).\(field)"] = .absent }
            } else {
                if let value = Self.value(of: child, name) { values["\(path).\(name)"] = value }
                add(child, below: child.name, path: "\(path).\(name)")
            }
        }
    }

    /// nil of a structure.
    private static func value(of item: PDML.Item, _ name: String) -> ComparedValue? {
        let (show, digits) = (item.show, item.digits)
        let text = item.line.hasPrefix("\(name): ") ? String(item.line.dropFirst(name.count + 2)) : item.line
        let isCount =
            name.hasSuffix(".length") || name.hasSuffix(".count") || item.children.contains { $0.name == "\(item.name).element" }
        if isCount { return .number(show) }
        if show == "0x\(digits)" { return .name(digits) }
        if text.hasPrefix("\"") || text.hasPrefix("0x") { return .bytes(digits) }
        if digits.count == 2, text == "True" || text == "False" {
            return digits < "02" ? .boolean(text == "True") : .number("\(UInt8(digits, radix: 16) ?? 0)")
        }
        if isTypedValue(item) || !digits.isEmpty && show.replacing(":", with: "") == digits && show != digits {
            return .name(digits)
        }
        if let number = UInt64(digits, radix: 16), "\(number)" == show || "\(Int64(bitPattern: number))" == show {
            guard text.hasSuffix(" (\(show))") else { return .number(show) }
            let shown = String(text.dropLast(show.count + 3))
            return shown == "Unknown" ? .number(show) : .name(shown)
        }
        if digits.isEmpty, UInt64(show) != nil { return .number(show) }
        if show.isEmpty, digits.isEmpty { return item.line == "\(name): " ? .bytes("") : nil }
        return .bytes(digits)
    }

    private static func isTypedValue(_ item: PDML.Item) -> Bool { item.name == "tablewire.hello.extensions.value" }
}
