autocmd BufNewFile,BufRead *.singa setfiletype singa
