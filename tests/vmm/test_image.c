// SPDX-License-Identifier: MIT
/*
 * What a TD's memory will hold: a bare guest with its reset page and page tables, a firmware image
 * with its HOB list, and images that must be refused.
 */
#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../test_file.h"
#include "vmm/image.h"

#define MIB 0x100000ull

/* Two segments that share the page at 0x201000. */
struct guest {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	uint8_t code[0x20];
	uint8_t data[0x10];
};

static void make_guest(struct guest *g)
{
	*g = (struct guest){
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_X86_64,
			    .e_version = EV_CURRENT,
			    .e_entry = 0x200ff0,
			    .e_phoff = offsetof(struct guest, segment),
			    .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 2 },
		.segment = { { .p_type = PT_LOAD,
			       .p_flags = PF_R | PF_X,
			       .p_offset = offsetof(struct guest, code),
			       .p_vaddr = 0x200ff0,
			       .p_paddr = 0x200ff0,
			       .p_filesz = 0x20,
			       .p_memsz = 0x20,
			       .p_align = 1 },
			     { .p_type = PT_LOAD,
			       .p_flags = PF_R | PF_W,
			       .p_offset = offsetof(struct guest, data),
			       .p_vaddr = 0x201800,
			       .p_paddr = 0x201800,
			       .p_filesz = 0x10,
			       .p_memsz = 0x2000,
			       .p_align = 1 } },
	};
	memset(g->code, 0xc0, sizeof(g->code));
	memset(g->data, 0xda, sizeof(g->data));
}

static const uint8_t *page_of(const struct vmm_image *image, uint64_t gpa)
{
	static uint8_t room[VMM_4K];

	for (size_t i = 0; i < image->count; i++) {
		if (range_holds(image->section[i].range, gpa, VMM_4K))
			return image->section[i].page(image, gpa, room);
	}
	fail_msg("no section at 0x%llx", (unsigned long long)gpa);
	return NULL;
}

static uint64_t word(const uint8_t *page, unsigned index)
{
	uint64_t value;

	memcpy(&value, page + 8 * index, 8);
	return value;
}

static void elf_segments_are_laid_out(void **state)
{
	struct vmm_image image;
	struct vmm_error err;
	struct guest g;
	const uint8_t *page;

	(void)state;
	make_guest(&g);
	assert_int_equal(image_from_elf(&image, &g, sizeof(g), 16 * MIB, &err), 0);
	assert_int_equal(image.count, 2);
	assert_true(image.section[0].range.base == 0x200000 &&
		    image.section[0].range.size == 0x4000);
	page = page_of(&image, 0x200000);
	assert_true(page[0xfef] == 0 && page[0xff0] == 0xc0);
	page = page_of(&image, 0x201000);
	assert_true(page[0xf] == 0xc0 && page[0x10] == 0 && page[0x800] == 0xda &&
		    page[0x810] == 0);
	image_free(&image);
}

static void whole_pages_stay_in_the_file(void **state)
{
	static struct {
		struct guest guest;
		uint8_t text[0x2400];
	} file;
	Elf64_Phdr *last = &file.guest.segment[1];
	struct vmm_image image;
	struct vmm_error err;
	const uint8_t *page;

	(void)state;
	make_guest(&file.guest);
	memset(file.text, 0x55, sizeof(file.text));
	last->p_offset = sizeof(file.guest);
	last->p_filesz = sizeof(file.text);
	last->p_memsz = 0x3000;
	assert_int_equal(image_from_elf(&image, &file, sizeof(file), 16 * MIB, &err), 0);
	page = page_of(&image, 0x201000);
	assert_true(page[0xf] == 0xc0 && page[0x10] == 0 && page[0x800] == 0x55);
	assert_ptr_equal(page_of(&image, 0x202000), file.text + 0x800);
	page = page_of(&image, 0x203000);
	assert_true(page[0xbff] == 0x55 && page[0xc00] == 0);
	image_free(&image);
}

static void the_reset_page_leads_to_the_entry(void **state)
{
	struct vmm_image image;
	struct vmm_error err;
	struct guest g;
	const uint8_t *page;

	(void)state;
	make_guest(&g);
	assert_int_equal(image_from_elf(&image, &g, sizeof(g), 16 * MIB, &err), 0);
	page = page_of(&image, 0xfffff000);
	assert_true(word(page, 0) == 0x200ff0);
	assert_int_equal(page[0xff0], 0xe9);
	page = page_of(&image, 0xffffd000);
	assert_true(word(page, 0) == (0xffffe000 | 3) && word(page, 256) == (0xffffc000 | 3) &&
		    !word(page, 1));
	page = page_of(&image, 0xffffe000);
	assert_true(word(page, 0) == 0x83 && word(page, 511) == (511 * VMM_1G | 0x83));
	page = page_of(&image, 0xffffc000);
	assert_true(word(page, 3) == (1ull << 47 | 3 * VMM_1G | 0x83));
	image_free(&image);
}

static void refuse_elf(const void *file, size_t size, uint64_t ram, const char *why)
{
	struct vmm_image image;
	struct vmm_error err = { 0 };

	assert_int_equal(image_from_elf(&image, file, size, ram, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
	assert_null(strchr(err.text, '\n'));
	image_free(&image);
}

static void bad_guests_are_refused(void **state)
{
	struct guest g;

	(void)state;
	make_guest(&g);
	refuse_elf(&g, sizeof(g), 2 * MIB, "not inside the guest's memory");
	refuse_elf(&g, 10, 16 * MIB, "");
	refuse_elf("#!/bin/sh\n", 10, 16 * MIB, "");
	g.header.e_machine = EM_AARCH64;
	refuse_elf(&g, sizeof(g), 16 * MIB, "e_machine");
	make_guest(&g);
	g.segment[1].p_paddr = 0x10000000;
	refuse_elf(&g, sizeof(g), 16 * MIB, "not inside the guest's memory");
	make_guest(&g);
	g.segment[1].p_offset = sizeof(g);
	refuse_elf(&g, sizeof(g), 16 * MIB, "");
}

/* Resource descriptors (type 3) of the list: the bytes of each kind of memory. */
static void sum_hob(const uint8_t *list, uint64_t *added, uint64_t *unaccepted)
{
	*added = *unaccepted = 0;
	for (;;) {
		uint16_t type, length;
		uint32_t resource;
		uint64_t size;

		memcpy(&type, list, 2);
		memcpy(&length, list + 2, 2);
		if (type == 0xffff)
			return;
		memcpy(&resource, list + 24, 4);
		memcpy(&size, list + 40, 8);
		if (type == 3)
			*(resource == 0 ? added : unaccepted) += size;
		list += length;
	}
}

static void firmware_learns_of_all_memory(void **state)
{
	size_t size;
	uint8_t *file = read_in(TEST_IMAGES, "synth_full.fd", &size);
	const uint8_t *page;
	struct vmm_image image;
	struct vmm_error err = { 0 };
	uint64_t added, unaccepted, in_ram = 0;
	const struct tdvf_section *hob;

	(void)state;
	if (image_from_tdvf(&image, file, size, 3 * VMM_1G, &err))
		fail_msg("%s", err.text);
	hob = tdvf_find(&image.tdvf, TDVF_TD_HOB);
	assert_non_null(hob);
	page = page_of(&image, hob->gpa);
	sum_hob(page, &added, &unaccepted);
	for (size_t i = 0; i < image.count; i++)
		in_ram += image_is_ram(&image, image.section[i].range.base)
				  ? image.section[i].range.size
				  : 0;
	assert_true(added == in_ram && added + unaccepted == 3 * VMM_1G);
	assert_true(image.ram[0].size == 2 * VMM_1G && image.ram[1].base == VMM_4G &&
		    image.ram[1].size == VMM_1G);
	image_free(&image);
	free(file);
}

static void firmware_that_does_not_fit_is_refused(void **state)
{
	size_t size;
	uint8_t *file = read_in(TEST_IMAGES, "synth_full.fd", &size);
	struct vmm_image image;
	struct vmm_error err = { 0 };

	(void)state;
	assert_int_equal(image_from_tdvf(&image, file, size, MIB, &err), -1);
	assert_non_null(strstr(err.text, "does not fit"));
	image_free(&image);
	assert_int_equal(image_from_tdvf(&image, file, size / 2, 64 * MIB, &err), -1);
	assert_non_null(strstr(err.text, "not a firmware image"));
	image_free(&image);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elf_segments_are_laid_out),
		cmocka_unit_test(whole_pages_stay_in_the_file),
		cmocka_unit_test(the_reset_page_leads_to_the_entry),
		cmocka_unit_test(bad_guests_are_refused),
		cmocka_unit_test(firmware_learns_of_all_memory),
		cmocka_unit_test(firmware_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
