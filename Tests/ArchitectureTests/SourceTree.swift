import Foundation

/// The files of a repository as the checks see them: the working copy, or a few planted ones.
///
/// Every check is a function of a tree, so that each can be shown to fail on a planted violation.
struct SourceTree: Sendable {
    /// Every file of the repository, relative to its root, in bytewise order.
    let paths: [String]
    /// The text of those the checks read.
    let texts: [String: String]
    /// The Swift files under `Sources` and `Tests`, in the order of `paths`.
    let swiftFiles: [SwiftText]

    init(_ contents: [String: String]) {
        self.init(paths: Array(contents.keys), texts: contents)
    }

    private init(paths: [String], texts: [String: String]) {
        self.paths = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        self.texts = texts
        self.swiftFiles = self.paths.compactMap { path in
            guard path.hasSuffix(".swift"), Self.isCode(path), let text = texts[path] else { return nil }
            return SwiftText(path: path, text: text)
        }
    }

    static func isCode(_ path: String) -> Bool { path.hasPrefix("Sources/") || path.hasPrefix("Tests/") }

    /// The path and text of every file of these extensions, in the order of `paths`.
    func files(under folders: [String], extensions: Set<String>) -> [(path: String, text: String)] {
        paths.compactMap { path in
            guard folders.contains(where: { path.hasPrefix($0 + "/") }), extensions.contains(path.pathExtension),
                let text = texts[path]
            else { return nil }
            return (path, text)
        }
    }
}

extension SourceTree {
    /// The working copy this test was compiled in. Read once; nothing changes it while the tests run.
    static let working: SourceTree = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let paths = listing(of: root)
        let read: Set<String> = ["swift", "c", "h", "md", "json"]
        var texts: [String: String] = [:]
        for path in paths where read.contains(path.pathExtension) && !path.hasPrefix("conformance/") {
            guard let data = try? Data(contentsOf: root.appending(path: path)) else { continue }
            texts[path] = String(decoding: data, as: UTF8.self)
        }
        return SourceTree(paths: paths, texts: texts)
    }()

    /// What version control would see: hidden and build folders and the resolved versions are left out.
    private static func listing(of root: URL, below folder: String = "") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
        return names.flatMap { name -> [String] in
            if name.hasPrefix(".") || name == "Package.resolved" { return [] }
            let path = folder.isEmpty ? name : folder + "/" + name
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isFolder) else {
                return []
            }
            return isFolder.boolValue ? listing(of: root, below: path) : [path]
        }
    }
}

extension String {
    /// What follows the last dot of a file name, or nothing.
    var pathExtension: String {
        let name = split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "" }
        return String(name[name.index(after: dot)...])
    }

    /// The lines of the text; a newline at its end does not begin another.
    var textLines: [Substring] {
        var lines = split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
