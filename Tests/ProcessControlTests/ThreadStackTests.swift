import Foundation
import ProcessTreeProcessControl
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import Testing

extension ProcessControlTests {
  /// Threads that write their stacks, and the names of functions.
  struct ThreadStackTests {
    private let directory: String

    init() throws {
      var template = Array("/tmp/stacks-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func remove() { rmdir(directory) }

    @Test func aThreadWritesItsStack() throws {
      defer { remove() }
      ThreadStacks.answer(in: directory)
      // Threads of a pool block signals.
      var heard = sigset_t()
      sigemptyset(&heard)
      sigaddset(&heard, ThreadStacks.signal)
      pthread_sigmask(SIG_UNBLOCK, &heard, nil)
      let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      let own = try #require(link.split(separator: "/").last.flatMap { Int32($0) })
      let seen = ThreadStacks.threads(of: getpid(), most: 1_000).first { $0.id == own }
      #expect(seen?.refusal == nil && seen?.state == "R")
      var text = ""
      do {
        let request = try StackRequest(own, of: getpid(), in: directory)
        try request.ask()
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let length = read(request.descriptor, &bytes, bytes.count)
          guard length > 0 else { break }
          text += String(decoding: bytes[..<length], as: UTF8.self)
        }
      }
      #expect(text.split(separator: "\n").count > 3, "\(text)")
      // Its pipe is gone with the request, and the signal alone does nothing.
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
      #expect(kill(getpid(), ThreadStacks.signal) == 0)
    }

    @Test func whoDoesNotHandleTheSignalIsNotAsked() throws {
      defer { remove() }
      let other = Process()
      other.executableURL = URL(fileURLWithPath: "/bin/sleep")
      other.arguments = ["1000"]
      try other.run()
      defer {
        // It may have been started with blocked signals.
        kill(other.processIdentifier, SIGKILL)
        other.waitUntilExit()
      }
      let threads = ThreadStacks.threads(of: other.processIdentifier, most: 8)
      #expect(threads.map(\.id) == [other.processIdentifier])
      #expect(threads.first?.refusal == "the process does not answer the signal")
      #expect(ThreadStacks.threads(of: 0x3FFF_FFFF, most: 8).isEmpty)
    }

    @Test func anExecutablesOwnFunctionsHaveNames() throws {
      defer { remove() }
      guard let symbols = ExecutableSymbols(path: "/proc/self/exe") else {
        Issue.record("there are no symbols")
        return
      }
      // One function after the other; the first that a number lies in is found by any number in it.
      let some = symbols.functions(at: Set((0..<2_000).map { UInt64($0) * 40_960 }))
      #expect(!some.isEmpty)
      let starts = Set(some.map { $0.key - $0.value.offset })
      let again = symbols.functions(at: starts)
      #expect(again.count == starts.count)
      #expect(again.values.allSatisfy { $0.offset == 0 && !$0.name.isEmpty })
      if ExecutableSymbols(path: "/nowhere") != nil { Issue.record("there is nothing") }
    }

    @Test func damagedExecutablesAreRead() throws {
      defer { remove() }
      var random = SeededGenerator.announced("damagedExecutablesAreRead")
      // An ELF header, a symbol table and its names.
      var file = [UInt8](repeating: 0, count: 512)
      func put(_ number: UInt64, _ count: Int, at offset: Int) {
        for byte in 0..<count {
          file[offset + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte))
        }
      }
      put(0x464C_457F, 4, at: 0)
      put(0x0102, 2, at: 4)
      put(64, 8, at: 0x28)
      put(64, 2, at: 0x3A)
      put(2, 2, at: 0x3C)
      for (section, type, offset, size) in [(0, 2, 256, 48), (1, 3, 320, 16)] {
        put(UInt64(type), 4, at: 64 + 64 * section + 4)
        put(UInt64(offset), 8, at: 64 + 64 * section + 0x18)
        put(UInt64(size), 8, at: 64 + 64 * section + 0x20)
        put(1, 4, at: 64 + 64 * section + 0x28)
      }
      put(1, 4, at: 280)
      put(2, 1, at: 284)
      put(100, 8, at: 288)
      put(50, 8, at: 296)
      put(0x66, 1, at: 321)
      let path = "\(directory)/file"
      defer { unlink(path) }
      func names() throws -> [String] {
        try Data(file).write(to: URL(fileURLWithPath: path))
        return ExecutableSymbols(path: path)?.functions(at: [100, 149, 150, .max]).values.map(
          \.name)
          ?? []
      }
      #expect(try names() == ["f", "f"])
      let whole = file
      for _ in rounds(200) {
        file = whole
        for _ in 0..<random.int(1...6) {
          file[random.int(0...(file.count - 1))] =
            random.bool() ? 0xFF : UInt8(truncatingIfNeeded: random.next())
        }
        if random.int(0...9) == 0 { file.removeLast(random.int(1...500)) }
        _ = try names()
      }
    }
  }
}
