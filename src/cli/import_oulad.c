int cli_import(int, char**); int cli_import(int a, char**b){(void)a;(void)b;return 2;}
