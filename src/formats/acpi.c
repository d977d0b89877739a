// SPDX-License-Identifier: MIT
/*
 * Builds ACPI tables.
 */
#include <string.h>

#include "formats/acpi.h"
#include "formats/aml.h"
#include "formats/bytes.h"
#include "formats/eventlog.h"

enum { HEADER_SIZE = 36, RSDP_SIZE = 36, FADT_SIZE = 276, MADT_FIXED = 44, XSDT_TABLES = 3 };
enum { RSDP_V1_SIZE = 20, RSDP_CHECKSUM = 8, RSDP_LENGTH = 20, RSDP_XSDT = 24, RSDP_SUM2 = 32 };
enum { LENGTH = 4, REVISION = 8, CHECKSUM = 9, OEM_ID = 10, OEM_TABLE = 16, CREATOR = 28 };

enum {
	FADT_PROFILE = 45,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_RESET = 116,
	FADT_RESET_VALUE = 128,
	FADT_MINOR = 131,
	FADT_X_DSDT = 140,
	FADT_SLEEP_CONTROL = 244,
	FADT_SLEEP_STATUS = 256
};

#define PROFILE_SERVER	  4u
#define BOOT_NO_VGA	  (1u << 2)
#define RESET_SUPPORTED	  (1u << 10)
#define FORCE_PHYSICAL	  (1u << 19) /* of APIC destinations */
#define HARDWARE_REDUCED  (1u << 20)
#define LOCAL_APIC	  0xfee00000u
#define MADT_LOCAL_APIC	  0u
#define MADT_IOAPIC	  1u
#define MADT_IOAPIC_SIZE  12u
#define MADT_WAKE_UP	  16u
#define MADT_WAKE_UP_SIZE 16u
#define CPU_ENABLED	  1u
#define GAS_IO		  1u
#define GAS_BYTE	  1u
#define SLEEP_TYPE_S5	  5u
#define MAX_CPUS	  255u
#define TABLE_ALIGNMENT	  16u
#define CREATOR_REVISION  1u

struct tables {
	const struct acpi_config *config;
	uint8_t *bytes;
	size_t room, used; /* `used` beyond `room`: it did not fit */
};

static uint8_t sum(const uint8_t *p, size_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *p++);
	return total;
}

/* Room for a table, zeroed, with its header; NULL when there is none. The checksum comes last. */
static uint8_t *new_table(struct tables *t, const char *signature, size_t size, uint8_t revision)
{
	size_t at = (t->used + TABLE_ALIGNMENT - 1) & ~(size_t)(TABLE_ALIGNMENT - 1);
	uint8_t *p = t->bytes + at;

	if (at > t->room || size > t->room - at) {
		t->used = t->room + 1;
		return NULL;
	}
	t->used = at + size;
	memset(p, 0, size);
	memcpy(p, signature, 4);
	put_le32(p + LENGTH, (uint32_t)size);
	p[REVISION] = revision;
	memcpy(p + OEM_ID, "SEAML ", 6);
	memcpy(p + OEM_TABLE, "SEAMLESS", 8);
	memcpy(p + CREATOR, "SEAM", 4);
	put_le32(p + CREATOR + 4, CREATOR_REVISION);
	return p;
}

/* Completes a table; returns its guest-physical address. */
static uint64_t seal(struct tables *t, uint8_t *p)
{
	p[CHECKSUM] = (uint8_t)-sum(p, get_le32(p + LENGTH));
	return t->config->base + (uint64_t)(p - t->bytes);
}

static void put_gas(uint8_t *p, uint16_t port)
{
	p[0] = GAS_IO;
	p[1] = 8; /* bits */
	p[3] = GAS_BYTE;
	put_le64(p + 4, port);
}

static void pci_host(struct aml *aml, const struct acpi_config *c)
{
	size_t device = aml_begin_device(aml, "PCI0");
	struct aml_resources crs;

	aml_name_eisa_id(aml, "_HID", "PNP0A08");
	aml_name_eisa_id(aml, "_CID", "PNP0A03");
	aml_name_integer(aml, "_BBN", 0);
	aml_name_integer(aml, "_UID", 0);
	crs = aml_begin_resources(aml);
	aml_bus_window(aml, 0, 0);
	aml_io(aml, c->pci_config, 8);
	aml_io_window(aml, 0xd00, 0xffff);
	aml_memory_window(aml, c->pci_base, c->pci_size);
	aml_end_resources(aml, crs);
	aml_end(aml, device);
}

static void serial_port(struct aml *aml, const struct acpi_config *c)
{
	size_t device = aml_begin_device(aml, "COM1");
	struct aml_resources crs;

	aml_name_eisa_id(aml, "_HID", "PNP0501");
	aml_name_integer(aml, "_UID", 1);
	crs = aml_begin_resources(aml);
	aml_io(aml, c->serial, 8);
	aml_interrupt(aml, c->serial_gsi);
	aml_end_resources(aml, crs);
	aml_end(aml, device);
}

static void clock_device(struct aml *aml, const struct acpi_config *c)
{
	size_t device = aml_begin_device(aml, "RTC0");
	struct aml_resources crs;

	aml_name_eisa_id(aml, "_HID", "PNP0B00");
	crs = aml_begin_resources(aml);
	aml_io(aml, c->rtc, 2);
	aml_end_resources(aml, crs);
	aml_end(aml, device);
}

static void sleep_state(struct aml *aml)
{
	size_t package;

	aml_name(aml, "_S5_");
	package = aml_begin_package(aml, 1);
	aml_integer(aml, SLEEP_TYPE_S5);
	aml_end(aml, package);
}

static uint64_t build_dsdt(struct tables *t)
{
	uint8_t *p = new_table(t, "DSDT", HEADER_SIZE, 2);
	struct aml aml = { p ? p + HEADER_SIZE : NULL, t->room - t->used, 0 };
	size_t scope;

	if (!p)
		return 0;
	sleep_state(&aml);
	scope = aml_begin_scope(&aml, "\\_SB_");
	pci_host(&aml, t->config);
	serial_port(&aml, t->config);
	clock_device(&aml, t->config);
	aml_end(&aml, scope);
	t->used += aml.used;
	if (aml_overflow(&aml))
		return 0;
	put_le32(p + LENGTH, (uint32_t)(HEADER_SIZE + aml.used));
	return seal(t, p);
}

static uint64_t build_fadt(struct tables *t, uint64_t dsdt)
{
	uint8_t *p = new_table(t, "FACP", FADT_SIZE, 6);

	if (!p)
		return 0;
	p[FADT_PROFILE] = PROFILE_SERVER;
	put_le16(p + FADT_BOOT_ARCH, BOOT_NO_VGA);
	put_le32(p + FADT_FLAGS, HARDWARE_REDUCED | RESET_SUPPORTED | FORCE_PHYSICAL);
	put_gas(p + FADT_RESET, t->config->reset);
	p[FADT_RESET_VALUE] = t->config->reset_value;
	p[FADT_MINOR] = 5;
	put_le64(p + FADT_X_DSDT, dsdt);
	put_gas(p + FADT_SLEEP_CONTROL, t->config->sleep_control);
	put_gas(p + FADT_SLEEP_STATUS, t->config->sleep_status);
	return seal(t, p);
}

static uint64_t build_madt(struct tables *t)
{
	unsigned cpus = t->config->cpus;
	unsigned wake_up = t->config->mailbox ? MADT_WAKE_UP_SIZE : 0;
	uint8_t *p = new_table(t, "APIC", MADT_FIXED + 8 * cpus + MADT_IOAPIC_SIZE + wake_up, 5),
		*entry;

	if (!p)
		return 0;
	put_le32(p + HEADER_SIZE, LOCAL_APIC);
	entry = p + MADT_FIXED;
	for (unsigned i = 0; i < cpus; i++, entry += 8) {
		entry[0] = MADT_LOCAL_APIC;
		entry[1] = 8;
		entry[2] = entry[3] = (uint8_t)i; /* processor UID, APIC ID */
		put_le32(entry + 4, CPU_ENABLED);
	}
	entry[0] = MADT_IOAPIC; /* id and first GSI: 0 */
	entry[1] = MADT_IOAPIC_SIZE;
	put_le32(entry + 4, t->config->ioapic);
	entry += MADT_IOAPIC_SIZE;
	if (wake_up) {
		entry[0] = MADT_WAKE_UP;
		entry[1] = MADT_WAKE_UP_SIZE;
		put_le64(entry + 8, t->config->mailbox);
	}
	return seal(t, p);
}

static uint64_t build_ccel(struct tables *t)
{
	uint8_t *p = new_table(t, "CCEL", CCEL_SIZE, 1);

	if (!p)
		return 0;
	p[HEADER_SIZE] = 2; /* TDX */
	put_le64(p + 40, t->config->log_size);
	put_le64(p + 48, t->config->log_base);
	return seal(t, p);
}

static uint64_t build_xsdt(struct tables *t, const uint64_t *tables, size_t count)
{
	uint8_t *p = new_table(t, "XSDT", HEADER_SIZE + 8 * count, 1);

	if (!p)
		return 0;
	for (size_t i = 0; i < count; i++)
		put_le64(p + HEADER_SIZE + 8 * i, tables[i]);
	return seal(t, p);
}

static void build_rsdp(uint8_t *p, uint64_t xsdt)
{
	memset(p, 0, RSDP_SIZE);
	memcpy(p, "RSD PTR ", 8);
	memcpy(p + 9, "SEAML ", 6);
	p[15] = 2; /* revision */
	put_le32(p + RSDP_LENGTH, RSDP_SIZE);
	put_le64(p + RSDP_XSDT, xsdt);
	p[RSDP_CHECKSUM] = (uint8_t)-sum(p, RSDP_V1_SIZE);
	p[RSDP_SUM2] = (uint8_t)-sum(p, RSDP_SIZE);
}

size_t acpi_build(const struct acpi_config *config, uint8_t *tables, size_t room)
{
	struct tables t = { config, tables, room, RSDP_SIZE };
	uint64_t found[XSDT_TABLES], xsdt;
	size_t count = 0;

	if (room < RSDP_SIZE || config->cpus > MAX_CPUS)
		return 0;
	found[count++] = build_fadt(&t, build_dsdt(&t));
	found[count++] = build_madt(&t);
	if (config->log_size)
		found[count++] = build_ccel(&t);
	xsdt = build_xsdt(&t, found, count);
	if (t.used > room)
		return 0;
	build_rsdp(tables, xsdt);
	return t.used;
}

struct acpi_fadt acpi_fadt(const uint8_t *tables)
{
	uint32_t at = get_le32(tables + get_le32(tables + RSDP_XSDT) + HEADER_SIZE);

	return (struct acpi_fadt){ at, FADT_SIZE, at + CHECKSUM };
}

uint32_t acpi_pointer(const uint8_t *tables, unsigned n)
{
	uint32_t xsdt = get_le32(tables + RSDP_XSDT), at = HEADER_SIZE + 8 * (n - 1);

	if (n == 0)
		return acpi_fadt(tables).at + FADT_X_DSDT;
	return at < get_le32(tables + xsdt + LENGTH) ? xsdt + at : 0;
}
