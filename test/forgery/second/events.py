"""Rules for the events of a register, as reference values have them."""

from refusal import Refusal, sha

NAMES = """POST_CODE _ NO_ACTION SEPARATOR ACTION EVENT_TAG S_CRTM_CONTENTS S_CRTM_VERSION CPU_MICROCODE PLATFORM_CONFIG_FLAGS
TABLE_OF_DEVICES COMPACT_HASH IPL IPL_PARTITION_DATA NONHOST_CODE NONHOST_CONFIG NONHOST_INFO OMIT_BOOT_DEVICE_EVENTS""".split()
EFI = """VARIABLE_DRIVER_CONFIG VARIABLE_BOOT BOOT_SERVICES_APPLICATION BOOT_SERVICES_DRIVER RUNTIME_SERVICES_DRIVER GPT_EVENT ACTION
PLATFORM_FIRMWARE_BLOB HANDOFF_TABLES PLATFORM_FIRMWARE_BLOB2 HANDOFF_TABLES2 VARIABLE_BOOT2 GPT_EVENT2""".split()
LATER = "VARIABLE_AUTHORITY SPDM_FIRMWARE_BLOB SPDM_FIRMWARE_CONFIG SPDM_DEVICE_POLICY SPDM_DEVICE_AUTHORITY".split()
TYPES = {
    **{f"EV_{name}": number for number, name in enumerate(NAMES, 1)},
    **{f"EV_EFI_{name}": 0x80000000 + number for number, name in enumerate(EFI, 1)},
    **{f"EV_EFI_{name}": 0x800000E0 + number for number, name in enumerate(LATER)},
    "EV_EFI_HCRTM_EVENT": 0x80000010,
}
SEPARATOR = 4
SEPARATORS = {sha(data).hex() for data in (bytes(4), b"\xff" * 4, b"\1\0\0\0")}
END = sha(b"Exit Boot Services Returned with Success").hex()


def assert_fits(rules, events):
    read = [(one, TYPES[one["type"]] if one["type"] in TYPES else int(one["type"], 16)) for one in rules]
    met, after, over = [], None, False
    for _, kind, digest in events:
        there = [(one, type) for one, type in read if one.get("after") == after]
        exact = [(one, type) for one, type in there if one["digest"] == digest]
        if not over and any(type != kind for _, type in exact):
            raise Refusal("broken-evidence")
        alike = [(one, type) for one, type in there if one["digest"] == "any" and type == kind]
        fits = exact or (alike if digest not in SEPARATORS else [])
        if over or not fits:
            raise Refusal("untrusted-platform")
        met += [one for one, _ in fits]
        after = "separator" if kind == SEPARATOR else after
        over = digest == END
    if any(one.get("required") and one not in met for one, _ in read):
        raise Refusal("untrusted-platform")
