import Foundation
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct SharedMemoryTests {
    private let own: ProcessHandle

    init() throws { own = try ProcessHandle(pid: getpid()) }

    @Test
    func whatIsWrittenIsRead() throws {
      let region = try SharedRegion(byteCount: 3 * 4096 + 1)
      #expect(region.identity.pid == getpid())
      #expect(region.identity.byteCount == region.memory.count)
      let peer = try PeerRegion(region.identity, of: own)
      #expect(peer.memory.count == region.memory.count)
      #expect(peer.memory.allSatisfy { $0 == 0 })
      for index in region.memory.indices { region.memory[index] = UInt8(index % 251) }
      #expect(peer.memory.elementsEqual(region.memory))
    }

    @Test
    func aRegionIsFixedInSizeAndWrittenByItsMakerOnly() throws {
      let region = try SharedRegion(byteCount: 8192)
      let descriptor = region.identity.descriptor
      #expect(fcntl(descriptor, F_GETFD, 0) == FD_CLOEXEC)
      for size in [0, 4096, 16384] { #expect(ftruncate(descriptor, off_t(size)) != 0) }
      let again = open("/proc/self/fd/\(descriptor)", O_RDWR | O_CLOEXEC)
      defer { close(again) }
      var byte: UInt8 = 1
      #expect(pwrite(descriptor, &byte, 1, 0) < 0)
      for writable in [descriptor, again] {
        #expect(mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0) == MAP_FAILED)
      }
      region.memory[0] = 7
      #expect(pread(descriptor, &byte, 1, 0) == 1 && byte == 7)
    }

    @Test
    func pagesAreTakenWhenWritten() throws {
      let region = try SharedRegion(byteCount: 256 << 20)
      var file = stat()
      #expect(fstat(region.identity.descriptor, &file) == 0 && file.st_blocks == 0)
      region.memory[100 << 20] = 1
      #expect(fstat(region.identity.descriptor, &file) == 0 && file.st_blocks == 8)
    }

    @Test
    func nothingStaysOfRegionsThatAreGone() throws {
      let inode: UInt64
      do {
        let region = try SharedRegion(byteCount: 1 << 20)
        inode = region.identity.inode
        let peer = try PeerRegion(region.identity, of: own)
        #expect(RegionUse(of: inode) == RegionUse(descriptors: 1, mappings: 2))
        withExtendedLifetime(peer) {}
        withExtendedLifetime(region) {}
      }
      #expect(RegionUse(of: inode) == RegionUse(descriptors: 0, mappings: 0))
    }

    @Test(arguments: [0, -1, .min, SharedRegion.largestSize + 1, .max])
    func impossibleSizesAreRefused(size: Int) throws {
      #expect(throws: SharedMemoryError.invalidSize(size)) { try SharedRegion(byteCount: size) }
      var identity = try SharedRegion(byteCount: 4096).identity
      identity.byteCount = size
      #expect(throws: SharedMemoryError.invalidSize(size)) {
        try PeerRegion(identity, of: own)
      }
    }

    @Test
    func aPeersRegionOutlivesThePeer() throws {
      let fixture = try Fixture("region")
      try fixture.wait(for: "region")
      let identity = try fixture.identity("region")
      let maker = try ProcessHandle(pid: identity.pid)
      let peer = try PeerRegion(identity, of: maker)
      try maker.send(SIGKILL)
      #expect(fixture.exitCode() == -SIGKILL)
      for index in stride(from: 0, to: peer.memory.count, by: 4096) {
        #expect(peer.memory[index] == UInt8(truncatingIfNeeded: index >> 12))
      }
      #expect(throws: SharedMemoryError.peerEnded) { try PeerRegion(identity, of: maker) }
      maker.close()
      #expect(throws: SharedMemoryError.peerEnded) { try PeerRegion(identity, of: maker) }
    }
  }
}

/// How this process holds a region; by its inode, because other tests open other files meanwhile.
struct RegionUse: Equatable {
  var descriptors: Int
  var mappings: Int
}

extension RegionUse {
  init(of inode: UInt64) {
    descriptors = (0..<1024 as Range<Int32>).count { descriptor in
      var file = stat()
      // Inode numbers are unique on one device only.
      return fstat(descriptor, &file) == 0 && UInt64(file.st_ino) == inode
        && Self.target(of: descriptor).hasPrefix("/memfd:")
    }
    // Not by Foundation, which takes the first short read for the end.
    let maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
    defer { close(maps) }
    let text = String(decoding: (try? Descriptors.readAll(maps)) ?? [], as: UTF8.self)
    mappings = text.split(separator: "\n").count {
      $0.contains(" \(inode) ") && $0.contains("/memfd:")
    }
  }

  private static func target(of descriptor: Int32) -> String {
    let path = "/proc/self/fd/\(descriptor)"
    return (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
  }
}
