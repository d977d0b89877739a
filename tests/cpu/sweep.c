// SPDX-License-Identifier: MIT
/*
 * Decodes every executable section of an x86-64 ELF file with the interpreter's decoder and lists
 * the mnemonics that it lacks, with how often and where first. Bytes between instructions that
 * decode as none are skipped one by one and counted. With --64 or --32 instead of a file: every
 * legacy encoding of that mode, by prefix, opcode map, opcode and ModRM.
 * Usage: cpu_sweep FILE|--64|--32
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test_file.h"
#include "cpu/forms.h"

#define MAX_LACKING 512u

struct lacking {
	const char *mnemonic;
	uint64_t count, address;
	uint8_t bytes[15];
};

struct sweep {
	struct cpu *cpu;
	struct lacking lacking[MAX_LACKING];
	unsigned nr_lacking;
	uint64_t instructions, skipped;
};

static struct lacking *find(struct sweep *s, const char *mnemonic)
{
	unsigned i = 0;

	while (i < s->nr_lacking && strcmp(s->lacking[i].mnemonic, mnemonic) != 0)
		i++;
	if (i == s->nr_lacking && i < MAX_LACKING)
		s->lacking[s->nr_lacking++].mnemonic = mnemonic;
	return i < MAX_LACKING ? &s->lacking[i] : NULL;
}

static void note(struct sweep *s, const struct cpu_form *form, const uint8_t *bytes,
		 uint64_t address)
{
	struct lacking *l = find(s, form->mnemonic);

	if (l && !l->count++) {
		l->address = address;
		memcpy(l->bytes, bytes, form->len);
	}
}

/* Every opcode of one map, with every ModRM; a memory operand's displacement is zero. */
static void sweep_map(struct sweep *s, bool code64, const uint8_t *lead, unsigned nr)
{
	uint8_t bytes[15] = { 0 };
	struct cpu_form form;

	for (unsigned i = 0; i < 0x10000; i++) {
		memcpy(bytes, lead, nr);
		bytes[nr] = (uint8_t)(i >> 8);
		bytes[nr + 1] = (uint8_t)i;
		if (!cpu_form_decode(s->cpu, code64, bytes, sizeof(bytes), &form))
			continue;
		s->instructions++;
		if (!form.handled)
			note(s, &form, bytes, i);
	}
}

static void sweep_all(struct sweep *s, bool code64)
{
	static const uint8_t prefixes[] = { 0, 0x66, 0xf2, 0xf3 }, maps[] = { 0, 0, 0x38, 0x3a };

	for (unsigned i = 0; i < sizeof(prefixes) * sizeof(maps) * (code64 ? 2 : 1); i++) {
		unsigned map = i / sizeof(prefixes) % sizeof(maps), nr = 0;
		uint8_t lead[4];

		if (prefixes[i % sizeof(prefixes)])
			lead[nr++] = prefixes[i % sizeof(prefixes)];
		if (i >= sizeof(prefixes) * sizeof(maps))
			lead[nr++] = 0x48; /* REX.W */
		if (map)
			lead[nr++] = 0x0f;
		if (maps[map])
			lead[nr++] = maps[map];
		sweep_map(s, code64, lead, nr);
	}
}

static void sweep_section(struct sweep *s, const uint8_t *bytes, uint64_t size, uint64_t address)
{
	struct cpu_form form;

	for (uint64_t at = 0; at < size; at += form.len) {
		uint64_t left = size - at;

		if (!cpu_form_decode(s->cpu, true, bytes + at, left < 15 ? (unsigned)left : 15,
				     &form)) {
			form.len = 1;
			s->skipped++;
			continue;
		}
		s->instructions++;
		if (!form.handled)
			note(s, &form, bytes + at, address + at);
	}
}

static bool sweep_elf(struct sweep *s, const uint8_t *data, size_t size)
{
	Elf64_Ehdr header;

	if (size < sizeof(header) || memcmp(data, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&header, data, sizeof(header));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		uint64_t at = header.e_shoff + i * sizeof(Elf64_Shdr);
		Elf64_Shdr section;

		if (at > size || size - at < sizeof(section))
			return false;
		memcpy(&section, data + at, sizeof(section));
		if (section.sh_type != SHT_PROGBITS || !(section.sh_flags & SHF_EXECINSTR))
			continue;
		if (section.sh_offset > size || size - section.sh_offset < section.sh_size)
			return false;
		sweep_section(s, data + section.sh_offset, section.sh_size, section.sh_addr);
	}
	return s->instructions > 0;
}

static void print_lacking(const struct lacking *l)
{
	printf("%-20s %8llu  first at 0x%llx:", l->mnemonic, (unsigned long long)l->count,
	       (unsigned long long)l->address);
	for (unsigned i = 0; i < sizeof(l->bytes); i++)
		printf(" %02x", l->bytes[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct cpu_ops ops;
	static struct sweep s;
	size_t size = 0;
	uint8_t *data;
	bool ok;

	if (argc != 2) {
		fprintf(stderr, "usage: cpu_sweep FILE|--64|--32\n");
		return 2;
	}
	s.cpu = cpu_create(NULL, &ops, NULL);
	data = read_whole(argv[1], &size);
	if (s.cpu && (!strcmp(argv[1], "--64") || !strcmp(argv[1], "--32"))) {
		sweep_all(&s, argv[1][2] == '6');
		ok = true;
	} else {
		ok = s.cpu && data && sweep_elf(&s, data, size);
	}
	if (!ok)
		fprintf(stderr, "cpu_sweep: %s: not an ELF file with code in sections\n", argv[1]);
	for (unsigned i = 0; i < s.nr_lacking; i++)
		print_lacking(&s.lacking[i]);
	printf("%llu instructions, %llu bytes that are none, %u mnemonics lacking\n",
	       (unsigned long long)s.instructions, (unsigned long long)s.skipped, s.nr_lacking);
	free(data);
	cpu_destroy(s.cpu);
	return ok ? 0 : 1;
}
