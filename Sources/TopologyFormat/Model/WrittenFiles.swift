internal import Glibc

/// A file that a node writes to, and the facts that decide whether another node may do so too.
struct WrittenFile {
  /// Which file it is, as far as its path shows.
  enum Key: Hashable {
    case path(String)
    /// A path with parts that only the run knows.
    case pieces([Scalar.Piece])

    /// Nil for a path of which nothing is known, and for devices and pipes, which keep nothing that
    /// could be overwritten.
    init?(_ path: Scalar) {
      guard let text = path.constant else {
        guard !path.isUnknown else { return nil }
        self = .pieces(path.pieces)
        return
      }
      guard Path.keepsContent(text) else { return nil }
      self = .path(Path.canonical(text))
    }

    /// Whether each instance has one of its own.
    var isOfInstance: Bool {
      guard case .pieces(let pieces) = self else { return false }
      return pieces.contains { if case .instance = $0 { true } else { false } }
    }
  }

  let key: Key
  let value: Value
  let appends: Bool
  /// Whether its node has a key for appending.
  let mayAppend: Bool
  /// The node's address; empty until it is known.
  var address = ""
  var line = 0
  var instances = 1
  /// Whether the node does not run whenever the topology does.
  var isOptional = false
}

/// The files that the nodes of a topology write to, and how these wait for each other.
struct WrittenFiles {
  private var files: [WrittenFile] = []
  /// By addresses: those that a node waits for, and whether for their end.
  private var needs: [String: [(address: String, isEnd: Bool)]] = [:]

  /// How many there are; those from here on have no node yet.
  var count: Int { files.count }

  mutating func note(
    _ path: Scalar?, _ value: Value?, appends: Bool, mayAppend: Bool = true
  ) {
    guard let path, let value, let key = WrittenFile.Key(path) else { return }
    files.append(WrittenFile(key: key, value: value, appends: appends, mayAppend: mayAppend))
  }

  /// Notes the node that writes to the files from a number on, unless one below it does.
  mutating func note(_ node: NodePlan, line: Int, from first: Int) {
    if node.isManual || !node.profiles.isEmpty || node.instances == 0 {
      for place in first..<files.count { files[place].isOptional = true }
    }
    for place in first..<files.count where files[place].address.isEmpty {
      files[place].address = node.address
      files[place].line = line
      files[place].instances = node.instances ?? 1
    }
    let group = node.address.dropLast(node.name.count)
    needs[node.address] = node.dependsOn.map { name, condition in
      (group + name, condition == .succeeded || condition == .ended)
    }
  }

  /// Notes that a node, with all below it, is left out of the run that is meant.
  mutating func leaveOut(_ address: String) {
    for place in files.indices
    where files[place].address == address || files[place].address.hasPrefix(address + "/") {
      files[place].isOptional = true
    }
  }

  /// Reports files that two write to, of whom one overwrites what the other has written.
  func check(_ diagnostics: inout Diagnostics) {
    var known: [WrittenFile.Key: [WrittenFile]] = [:]
    for file in files {
      let name = file.value.scalar?.quotation ?? "a file"
      let length = max(1, file.value.text?.count ?? 1)
      if file.instances > 1, !file.appends, !file.key.isOfInstance {
        diagnostics.error(
          .overwritten, at: file.value.place, length: length,
          "\(file.instances) instances write to \(name), and overwrite each other's lines: put "
            + "${{ instance }} into the path, or say append: true.")
      }
      for other in known[file.key] ?? [] where !(file.appends && other.appends) {
        let place = file.value.place
        if other.address == file.address {
          diagnostics.error(
            .overwritten, at: place, length: length,
            "\(name) is written to at line \(other.value.place.line) too, and one overwrites the "
              + "other's lines: "
              + (file.mayAppend && other.mayAppend
                ? "write error: output, or give each a file of its own."
                : "give each a file of its own."))
          continue
        }
        let message =
          "\(name) is written to by '\(other.address)' (line \(other.line)) too, and one overwrites "
          + "the other's lines: give each a file of its own"
          + (file.mayAppend && other.mayAppend ? ", or say append: true at both." : ".")
        if file.isOptional || other.isOptional || isAfter(file.address, other.address)
          || isAfter(other.address, file.address)
        {
          diagnostics.warning(.overwritten, at: place, length: length, message)
        } else {
          diagnostics.error(.overwritten, at: place, length: length, message)
        }
      }
      known[file.key, default: []].append(file)
    }
  }

  /// Whether a node starts when another one has ended.
  private func isAfter(_ address: String, _ other: String) -> Bool {
    // The groups that hold them wait for each other, if they are in two.
    let (own, others) = (address.split(separator: "/"), other.split(separator: "/"))
    guard let depth = zip(own, others).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
      return false
    }
    let start = own.prefix(depth + 1).joined(separator: "/")
    let end = others.prefix(depth + 1).joined(separator: "/")
    var waiting = [start]
    var seen: Set<String> = [start]
    while let next = waiting.popLast() {
      for need in needs[next] ?? [] {
        if need.address == end, need.isEnd { return true }
        if seen.insert(need.address).inserted { waiting.append(need.address) }
      }
    }
    return false
  }
}

extension Path {
  /// Whether what is written there can be overwritten: devices and pipes keep nothing.
  ///
  /// What the path of a descriptor leads to depends on which process looks.
  static func keepsContent(_ path: String) -> Bool {
    let descriptors = ["/dev/fd/", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/proc/"]
    guard !descriptors.contains(where: { path.hasPrefix($0) }) else { return false }
    var status = stat()
    return stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
  }

  /// The same for all paths that lead to one place, also where nothing is there yet.
  static func canonical(_ path: String) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    guard let name = path.split(separator: "/").last else { return path }
    return absolute(String(name), from: identity(directory(of: path)))
  }
}

extension CommandPlan {
  /// Whether one of its streams is seen by its node, and not led elsewhere.
  var logsOutput: Bool { output == .log || error == .log }
}
