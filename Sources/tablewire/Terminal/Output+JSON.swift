internal import ProgramTerminal

extension Output {
    func print(_ json: JSON) throws {
        try append { buffer in
            json.append(to: &buffer)
            buffer.append(UInt8(ascii: "\n"))
        }
    }
}
