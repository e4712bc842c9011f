import Foundation
import ProcessTreeScenarioRuns
import Testing

extension ProcessTrees {
  /// Where the secrets of a whole tree are, beside the pages that are made for them.
  @Suite struct SecretTests {
    @Test(arguments: startMethods)
    func noSecretLeavesTheMemoryOfItsNodes(method: String) async throws {
      let tree = try HeldTree(method, daemonEvery: 0)
      defer {
        kill(tree.pid, SIGKILL)
        tree.process.waitUntilExit()
      }
      let nodes = try await tree.nodes()
      var secrets: Set<Data> = []
      for pid in nodes {
        let found = try ProcessMemory(pid).secrets()
        // Its own at the least, and a root knows those of its children.
        #expect(!found.isEmpty, "\(pid)")
        secrets.formUnion(found)
      }
      #expect(secrets.count >= nodes.count)
      for pid in tree.processes().keys {
        for file in ["cmdline", "environ", "comm"] {
          let bytes = try wholeFile("/proc/\(pid)/\(file)")
          #expect(holders(of: secrets, in: bytes) == 0, "\(file) of \(pid)")
        }
        // What the kernel would write into its core file.
        let memory = try ProcessMemory(pid)
        var exposed = 0
        var isTitleSeen = false
        try memory.forEachDumpedPart { part in
          exposed += holders(of: secrets, in: part)
          isTitleSeen =
            isTitleSeen || part.withUnsafeBytes { isThere(Array("process-tree".utf8), in: $0) }
        }
        #expect(exposed == 0, "\(exposed) in the memory of \(pid)")
        #expect(isTitleSeen, "nothing was read of \(pid)")
      }
    }

    /// A core file of the kernel's own, of the root and of a child.
    @Test(
      .enabled("core files are written to the working directory") {
        let pattern = FileManager.default.contents(atPath: "/proc/sys/kernel/core_pattern")
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        return limit.rlim_max == .max
          && pattern.map { String(decoding: $0, as: UTF8.self).hasPrefix("core") } ?? false
      })
    func noSecretIsInACoreFile() async throws {
      let directory = try TemporaryDirectory()
      let tree = try HeldTree(
        "forkServer", daemonEvery: 0, directory: directory.url, leavesCoreFiles: true)
      let nodes = try await tree.nodes()
      let child = try #require(nodes.first { $0 != tree.pid })
      var secrets: Set<Data> = []
      for pid in nodes { secrets.formUnion(try ProcessMemory(pid).secrets()) }
      // Reading a core file of some hundred megabytes takes a second.
      for pid in [child, tree.pid] {
        kill(pid, SIGABRT)
        if pid == tree.pid { tree.process.waitUntilExit() }
        let file = try #require(coreFile(in: directory.url))
        let core = try Data(contentsOf: file, options: .alwaysMapped)
        #expect(core.withUnsafeBytes { isThere(Array("process-tree".utf8), in: $0) })
        #expect(holders(of: secrets, in: core) == 0)
        try FileManager.default.removeItem(at: file)
      }
      #expect(tree.survivors().isEmpty)
    }

    /// The core file, once it does not grow any more.
    private func coreFile(in directory: URL) -> URL? {
      let deadline = Date(timeIntervalSinceNow: 30)
      var last = -1
      while Date() < deadline {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        if let name = names.first(where: { $0.hasPrefix("core") }) {
          let url = directory.appending(path: name)
          let size = (try? FileManager.default.attributesOfItem(atPath: url.path)[.size]) as? Int
          if let size, size == last, size > 0 { return url }
          last = size ?? -1
        }
        usleep(300_000)
      }
      return nil
    }

    /// How many secrets are in some bytes: as they are, or as hexadecimal digits.
    private func holders(of secrets: Set<Data>, in bytes: Data) -> Int {
      bytes.withUnsafeBytes { bytes in
        secrets.count { secret in
          let digits = secret.map { String(format: "%02x", $0) }.joined()
          return [Array(secret), Array(digits.utf8)].contains { isThere($0, in: bytes) }
        }
      }
    }

    private func isThere(_ sought: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
      guard var place = bytes.baseAddress else { return false }
      var left = bytes.count
      // Of zeros there are many, and of digits: the rarest byte is looked for.
      let anchor = sought.firstIndex { $0 > 0x80 } ?? 0
      while left >= sought.count,
        let hit = memchr(place + anchor, Int32(sought[anchor]), left - sought.count + 1)
      {
        let start = UnsafeRawPointer(hit) - anchor
        if memcmp(start, sought, sought.count) == 0 { return true }
        left -= start - place + 1
        place = start + 1
      }
      return false
    }
  }
}

/// The bytes of a file that the kernel gives in parts, of which `String(contentsOfFile:)` takes the
/// first.
private func wholeFile(_ path: String) throws -> Data {
  try FileHandle(forReadingFrom: URL(filePath: path)).readToEnd() ?? Data()
}

/// The memory of a process, as the kernel shows it to somebody who may trace the process.
private struct ProcessMemory {
  private struct Region {
    var range: Range<UInt>
    var isReadable: Bool
    var isTouched = false
    var flags: Set<Substring> = []
  }

  private let pid: Int32
  private let regions: [Region]

  init(_ pid: Int32) throws {
    self.pid = pid
    var regions: [Region] = []
    let text = String(decoding: try wholeFile("/proc/\(pid)/smaps"), as: UTF8.self)
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      if ends.count == 2, ends[0] < ends[1], words.count > 1 {
        regions.append(Region(range: ends[0]..<ends[1], isReadable: words[1].hasPrefix("rw")))
      } else if words[0] == "Rss:", words.count > 1, !regions.isEmpty {
        regions[regions.count - 1].isTouched = words[1] != "0"
      } else if words[0] == "VmFlags:", !regions.isEmpty {
        regions[regions.count - 1].flags = Set(words.dropFirst())
      }
    }
    self.regions = regions
  }

  /// What the pages hold that are left out of dumps and of clones.
  func secrets() throws -> Set<Data> {
    var found: Set<Data> = []
    for region in regions where region.flags.isSuperset(of: ["dd", "wf"]) {
      let bytes = try read(region.range)
      for start in stride(from: 0, to: bytes.count, by: 32) {
        let secret = Data(bytes[start..<start + 32])
        // The mark of a fork is a page with one number.
        if secret.count(where: { $0 != 0 }) > 16 { found.insert(secret) }
      }
    }
    return found
  }

  /// Reads all that the process could have written, except for the parts that dumps leave out.
  func forEachDumpedPart(_ body: (Data) -> Void) throws {
    for region in regions
    where region.isReadable && region.isTouched && !region.flags.contains("dd") {
      var start = region.range.lowerBound
      while start < region.range.upperBound {
        let end = min(start + 8 << 20, region.range.upperBound)
        body(try read(start..<end))
        // Parts overlap, so that nothing hides on a border.
        start = end == region.range.upperBound ? end : end - 64
      }
    }
  }

  private func read(_ range: Range<UInt>) throws -> Data {
    let memory = open("/proc/\(pid)/mem", O_RDONLY)
    guard memory >= 0 else { throw CocoaError(.fileReadNoPermission) }
    defer { close(memory) }
    var bytes = Data(count: range.count)
    let count = bytes.withUnsafeMutableBytes {
      pread(memory, $0.baseAddress, $0.count, Int(bitPattern: range.lowerBound))
    }
    return bytes.prefix(max(0, count))
  }
}
