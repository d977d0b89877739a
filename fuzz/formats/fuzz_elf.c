// SPDX-License-Identifier: MIT
/*
 * ELF: accepted segments lie in the file, ascend, and hold the entry; symbols of any file.
 */
#include <string.h>

#include "formats/elf.h"
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_error err = { .text = "" };
	struct elf elf;
	char name[64];

	if (elf_symbol_at(data, size, 0x100020, name, sizeof(name)))
		HOLDS(strchr(name, '+') || strlen(name) == sizeof(name) - 1);
	if (elf_parse(&elf, data, size, &err)) {
		HOLDS(err.text[0]);
		return 0;
	}
	HOLDS(elf_end(&elf) - elf_start(&elf) <= ELF_MAX_SPAN);
	HOLDS(elf.entry >= elf_start(&elf) && elf.entry < elf_end(&elf));
	for (uint32_t i = 0; i < elf.count; i++) {
		const struct elf_segment *s = &elf.segment[i];

		touch(data + s->offset, s->file_size);
		HOLDS(s->file_size <= s->mem_size);
		HOLDS(!i || s[-1].gpa + s[-1].mem_size <= s->gpa);
	}
	return 0;
}
