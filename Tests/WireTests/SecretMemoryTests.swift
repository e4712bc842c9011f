import Glibc
import ProcessTreeBase
import ProcessTreeWire
import Testing

/// Where the bytes of secrets are in this process.
@Suite(.serialized) struct SecretMemoryTests {
  /// A range of this process's memory, as the kernel describes it.
  private struct Region {
    var range: Range<UInt>
    var isWritable: Bool
    var flags: Set<Substring> = []
  }

  private func regions() throws -> [Region] {
    let file = try #require(fopen("/proc/self/smaps", "r"))
    defer { fclose(file) }
    var found: [Region] = []
    var line = [CChar](repeating: 0, count: 4_096)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let words = text.split(whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      let ends = first.split(separator: "-").compactMap { UInt($0, radix: 16) }
      if ends.count == 2, ends[0] < ends[1], words.count > 1 {
        found.append(Region(range: ends[0]..<ends[1], isWritable: words[1].hasPrefix("rw")))
      } else if first == "VmFlags:", !found.isEmpty {
        found[found.count - 1].flags = Set(words.dropFirst())
      }
    }
    return found
  }

  /// The places of a secret in all that a dump would show; the bytes are copied to no other memory.
  private func exposures(of secret: NodeSecret) throws -> [UInt] {
    let writable = try regions().filter { $0.isWritable && !$0.flags.contains("dd") }
    let memory = open("/proc/self/mem", O_RDONLY)
    defer { close(memory) }
    var found: [UInt] = []
    // A part of the secret is enough to find it, and the buffer is overwritten after each look.
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    // The buffer does not look at itself, but at what lies beside it.
    let own = buffer.withUnsafeBytes { bytes in
      UInt(bitPattern: bytes.baseAddress)..<UInt(bitPattern: bytes.baseAddress) + UInt(bytes.count)
    }
    let parts = writable.map(\.range).flatMap { range in
      guard range.overlaps(own) else { return [range] }
      return [
        range.lowerBound..<max(range.lowerBound, own.lowerBound),
        min(range.upperBound, own.upperBound)..<range.upperBound,
      ]
    }
    for part in parts {
      var place = part.lowerBound
      while place < part.upperBound {
        let size = min(UInt(buffer.count), part.upperBound - place)
        let count = buffer.withUnsafeMutableBytes { bytes in
          pread(memory, bytes.baseAddress, Int(size), Int(bitPattern: place))
        }
        if count >= Secret.size {
          let hit = secret.withUnsafeBytes { needle in
            buffer.withUnsafeBytes { Self.find(needle, in: $0[..<count]) }
          }
          if let hit { found.append(place + UInt(hit)) }
        }
        place += size
      }
      buffer.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    return found
  }

  private static func find(
    _ needle: UnsafeRawBufferPointer, in bytes: Slice<UnsafeRawBufferPointer>
  ) -> Int? {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    guard let start = bytes.baseAddress, let sought = needle.baseAddress else { return nil }
    var place = 0
    while place + needle.count <= bytes.count,
      let hit = memchr(start + place, Int32(needle[0]), bytes.count - needle.count - place + 1)
    {
      if memcmp(hit, sought, needle.count) == 0 { return start.distance(to: UnsafeRawPointer(hit)) }
      place = start.distance(to: UnsafeRawPointer(hit)) + 1
    }
    return nil
  }

  private func randomRoot() throws -> NodeSecret {
    NodeSecret(try #require(Secret.random()), of: .root)
  }

  @Test func secretsAreInNoMemoryThatADumpShows() throws {
    let root = try randomRoot()
    let path = NodePath(positions: [3, 1, 4])
    let child = try #require(root.secret(of: path))
    // All that is done with them.
    let proof = child.controlProof(attempt: 1, pid: 2)
    #expect(Admission(build: "", secret: root).welcome(hello()) == nil)
    let other = NodePath(positions: [5])
    let pass = try #require(root.pass(from: path, to: other))
    let link = try #require(child.open(pass, to: other))
    let pair = PeerHello(build: "", address: address(1)).answering(1, received: 0, by: link)
    #expect(try exposures(of: child) == [])
    #expect(try exposures(of: root) == [])
    withExtendedLifetime((proof, pair, pass)) {}
  }

  @Test func aCopyInAnArrayIsFound() throws {
    let root = try randomRoot()
    let copy = root.withUnsafeBytes { Array($0) }
    #expect(try !exposures(of: root).isEmpty)
    withExtendedLifetime(copy) {}
  }

  @Test func theirPagesAreLeftOutOfDumpsAndEmptyInClones() throws {
    let root = try randomRoot()
    let place = root.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    let page = try #require(try regions().first { $0.range.contains(place) })
    // Don't dump, wipe on fork.
    #expect(page.flags.contains("dd") && page.flags.contains("wf"), "\(page.flags)")
  }

  @Test func aSecretThatIsOverLeavesNothing() throws {
    var secret: Secret? = Secret { $0.initializeMemory(as: UInt8.self, repeating: 0xA5) }
    let place = try #require(secret?.withUnsafeBytes { $0.baseAddress })
    secret = nil
    // Its page stays.
    #expect(!UnsafeRawBufferPointer(start: place, count: Secret.size).allSatisfy { $0 == 0xA5 })
  }
}
