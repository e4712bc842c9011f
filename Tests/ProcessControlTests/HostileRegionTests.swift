import Foundation
import ProcessTreeBase
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  /// What a peer may claim is a region.
  struct HostileRegionTests {
    private let own: ProcessHandle
    /// A true one.
    private let region: SharedRegion

    init() throws {
      own = try ProcessHandle(pid: getpid())
      region = try SharedRegion(byteCount: 4096)
    }

    /// Claims that a descriptor of this process is a region, all else being right.
    private func claim(_ descriptor: Int32, byteCount: Int = 4096) throws -> PeerRegion {
      var file = stat()
      try #require(fstat(descriptor, &file) == 0)
      let identity = SharedRegionIdentity(
        pid: getpid(), descriptor: descriptor, inode: UInt64(file.st_ino), byteCount: byteCount)
      return try PeerRegion(identity, of: own)
    }

    @Test
    func numbersThatLeadNowhereAreRefused() throws {
      var identity = region.identity
      for pid in [0, -1, 1, .min, .max, getppid()] as [Int32] {
        identity.pid = pid
        #expect(throws: SharedMemoryError.notThePeer(pid: pid)) {
          try PeerRegion(identity, of: own)
        }
      }
      identity = region.identity
      for descriptor in [-1, -100, .min, 1_000_000, .max] as [Int32] {
        identity.descriptor = descriptor
        #expect(throws: SharedMemoryError.self) { try PeerRegion(identity, of: own) }
      }
      identity = region.identity
      for inode in [0, identity.inode + 1, .max] as [UInt64] {
        identity.inode = inode
        #expect(throws: SharedMemoryError.notTheRegion) { try PeerRegion(identity, of: own) }
      }
    }

    @Test
    func anotherRegionIsNotTheRegion() throws {
      let other = try SharedRegion(byteCount: 4096)
      var identity = region.identity
      identity.descriptor = other.identity.descriptor
      #expect(throws: SharedMemoryError.notTheRegion) { try PeerRegion(identity, of: own) }
    }

    @Test(arguments: [1, 4095, 4097, 8192, 1 << 30])
    func aRegionOfAnotherSizeIsRefused(size: Int) throws {
      var identity = region.identity
      identity.byteCount = size
      #expect(throws: SharedMemoryError.wrongSize(4096)) { try PeerRegion(identity, of: own) }
      #expect(throws: SharedMemoryError.invalidSize(size)) {
        try PeerRegion(identity, of: own, limit: size - 1)
      }
    }

    /// Memory as a peer may make it; the call has no Swift name.
    private func makeMemory(_ flags: UInt32) throws -> Int32 {
      typealias Make = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32
      let symbol = try #require(dlsym(nil, "memfd_create"))
      let descriptor = unsafeBitCast(symbol, to: Make.self)("hostile", flags)
      try #require(descriptor >= 0)
      return descriptor
    }

    /// Every way in which memory may lack what keeps a reader safe.
    @Test
    func memoryThatMayShrinkIsRefused() throws {
      let sealings: [(flags: UInt32, seals: Int32)] = [
        (0, 0), (Seals.allow, 0), (Seals.allow, Seals.shrink), (Seals.allow, Seals.grow),
        (Seals.allow, Seals.final),
      ]
      for (flags, seals) in sealings {
        let descriptor = try makeMemory(flags)
        defer { close(descriptor) }
        try #require(ftruncate(descriptor, 4096) == 0)
        if seals != 0 { try #require(fcntl(descriptor, Seals.add, seals) == 0) }
        #expect(throws: SharedMemoryError.notSealed) { try claim(descriptor) }
      }
      // The control: with both seals the same memory is accepted.
      let descriptor = try makeMemory(Seals.allow)
      defer { close(descriptor) }
      try #require(ftruncate(descriptor, 4096) == 0)
      try #require(fcntl(descriptor, Seals.add, Seals.shrink | Seals.grow) == 0)
      #expect(try claim(descriptor).memory.count == 4096)
    }

    /// Opening some of these would wait without end, or do something.
    @Test
    func otherThingsAreNotOpened() throws {
      let directory = NSTemporaryDirectory() + "hostile-\(UUID().uuidString)"
      try #require(mkdir(directory, 0o700) == 0)
      defer { try? FileManager.default.removeItem(atPath: directory) }
      try #require(mkfifo(directory + "/pipe", 0o600) == 0)
      let file = open(directory + "/file", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      try #require(file >= 0 && ftruncate(file, 4096) == 0)
      let pipe = try Descriptors.makePipe()
      let socket = try Descriptors.makeSocketPair()
      let null = try Descriptors.openNull()
      let descriptors = [
        file, pipe.first.number, pipe.second.number, socket.first.number, socket.second.number,
        own.pidfd, null.number,
        open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        open(directory + "/pipe", O_RDWR | O_CLOEXEC),
        // Of the same kind as the memory in question, but with a name.
        open("/dev/shm/hostile-\(getpid())", O_RDWR | O_CREAT | O_CLOEXEC, 0o600),
      ]
      unlink("/dev/shm/hostile-\(getpid())")
      for descriptor in descriptors {
        try #require(descriptor >= 0)
        #expect(throws: SharedMemoryError.notTheRegion) { try claim(descriptor) }
      }
      for descriptor in [file] + descriptors.suffix(3) { close(descriptor) }
    }

    @Test
    func refusalsKeepNothing() throws {
      var identity = region.identity
      identity.byteCount += 1
      #expect(throws: SharedMemoryError.wrongSize(4096)) { try PeerRegion(identity, of: own) }
      identity = region.identity
      identity.inode += 1
      #expect(throws: SharedMemoryError.notTheRegion) { try PeerRegion(identity, of: own) }
      #expect(RegionUse(of: region.identity.inode) == RegionUse(descriptors: 1, mappings: 1))
      let unsealed = try makeMemory(Seals.allow)
      defer { close(unsealed) }
      var file = stat()
      try #require(ftruncate(unsealed, 4096) == 0 && fstat(unsealed, &file) == 0)
      #expect(throws: SharedMemoryError.notSealed) { try claim(unsealed) }
      #expect(RegionUse(of: UInt64(file.st_ino)) == RegionUse(descriptors: 1, mappings: 0))
    }

    @Test
    func failuresSayWhatHappened() {
      let errors: [SharedMemoryError] = [
        .systemCall("memfd_create", errno: ENOSYS), .invalidSize(-1), .notThePeer(pid: 1),
        .peerEnded, .notTheRegion, .notSealed, .wrongSize(3),
      ]
      for error in errors { #expect(!error.description.isEmpty) }
      #expect(errors[0].description.contains("memfd_create"))
      #expect(errors[0].description.contains("\(ENOSYS)"))
    }
  }
}

/// Numbers of the kernel's interface that have no names here.
private enum Seals {
  static let allow: UInt32 = 2
  static let add: Int32 = 1033
  static let final: Int32 = 1
  static let shrink: Int32 = 2
  static let grow: Int32 = 4
}
