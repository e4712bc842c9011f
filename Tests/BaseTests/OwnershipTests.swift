import Glibc
import ProcessTreeBase
import Testing

@Suite struct OwnershipTests {
  private func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) >= 0 }

  /// A number that no other test opens meanwhile.
  private func open(_ number: Int32) -> Int32 { dup2(STDERR_FILENO, number) }

  @Test func aDescriptorIsClosedWithItsOwnerAndAReleasedOneIsNot() throws {
    var owner = Descriptor(owning: open(902))
    #expect(isOpen(902))
    owner = nil
    #expect(!isOpen(902))
    owner = Descriptor(owning: open(903))
    let number = owner.take()?.release()
    #expect(number == 903 && isOpen(903))
    close(903)
  }

  @Test func aFailedCallMakesNoOwner() {
    let hasOwner = Descriptor(owning: -1) != nil
    #expect(!hasOwner)
  }

  @Test func aMappingIsUnmappedWithItsOwner() throws {
    let start = try #require(
      mmap(nil, 4_096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    var owner: Mapping? = Mapping(owning: start, byteCount: 4_096)
    // Resident or not, the call answers for mapped pages only.
    var page: UInt8 = 0
    #expect(mincore(start, 4_096, &page) == 0)
    owner = nil
    let isGone = owner == nil
    #expect(isGone && mincore(start, 4_096, &page) != 0)
  }
}
