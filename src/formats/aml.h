/* SPDX-License-Identifier: MIT */
/*
 * Writes ACPI Machine Language (ACPI 6.5, chapter 20) and the resource descriptors in it (chapter
 * 6.4): the few forms that a small DSDT is made of. What does not fit is not written, and
 * aml_overflow() tells.
 */
#ifndef FORMATS_AML_H
#define FORMATS_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aml {
	uint8_t *bytes; /* the caller's */
	size_t room, used;
};

bool aml_overflow(const struct aml *aml);

/* Names have four characters; `path` may be longer, with a leading backslash. */
void aml_integer(struct aml *aml, uint64_t value);
void aml_name(struct aml *aml, const char *name); /* DefName; its object follows */
void aml_name_integer(struct aml *aml, const char *name, uint64_t value);

/* "PNP0A03" as a compressed EISA id. */
void aml_name_eisa_id(struct aml *aml, const char *name, const char *id);

/* Objects with contents: begin returns what end wants. They hold less than 4 KiB. */
size_t aml_begin_scope(struct aml *aml, const char *path);
size_t aml_begin_device(struct aml *aml, const char *name);
size_t aml_begin_package(struct aml *aml, uint8_t elements);
void aml_end(struct aml *aml, size_t begun);

/* A name with a buffer of resource descriptors, _CRS. */
struct aml_resources {
	size_t package, size;
};

struct aml_resources aml_begin_resources(struct aml *aml);
void aml_end_resources(struct aml *aml, struct aml_resources begun);

void aml_io(struct aml *aml, uint16_t port, uint8_t count); /* what the device itself decodes */

/* An interrupt that the device itself raises: edge-triggered, active high, its own. */
void aml_interrupt(struct aml *aml, uint32_t gsi);

/* Windows that a bridge passes on. */
void aml_bus_window(struct aml *aml, uint8_t first, uint8_t last);
void aml_io_window(struct aml *aml, uint16_t first, uint16_t last);
void aml_memory_window(struct aml *aml, uint32_t base, uint32_t size);

#endif
